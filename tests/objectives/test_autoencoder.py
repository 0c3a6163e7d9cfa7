"""The plain autoencoder: log p(x|z) at the mean code, and no noise."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.objectives import Autoencoder
from tests.helpers import assert_trees_close, binary_batch, init, keys, tiny_vae
from tests.sizes import BATCH


def test_loss_is_minus_log_likelihood_at_the_mean_code_for_every_key() -> None:
    model, xs, mask = tiny_vae(), binary_batch(), np.ones(BATCH, bool)
    params = init(model, jax.random.key(0))
    loss = jax.jit(lambda keys: Autoencoder().loss(model, params, keys, xs, mask, jnp.asarray(0)))
    first, other = loss(keys(1, BATCH)), loss(keys(2, BATCH))
    assert_trees_close(first, other, rtol=0, atol=0)

    dense = {name: jax.tree.map(np.asarray, params[name]["params"]["Dense_0"]) for name in ("encoder", "decoder")}
    codes = (np.asarray(xs).reshape(BATCH, -1) @ dense["encoder"]["kernel"] + dense["encoder"]["bias"])[:, :2]
    logits = codes @ dense["decoder"]["kernel"] + dense["decoder"]["bias"]
    log_probs = np.asarray(xs).reshape(BATCH, -1) * logits - np.logaddexp(0, logits)
    np.testing.assert_allclose(first[0], -log_probs.sum(-1).mean(), rtol=1e-5)
    assert first[1].keys() == {"loss", "log_likelihood"}
    np.testing.assert_allclose(first[1]["log_likelihood"], log_probs.sum(-1).mean(), rtol=1e-5)


def test_it_claims_no_elbo() -> None:
    assert Autoencoder.monitor == "log_likelihood"
    assert Autoencoder().warmup_steps == 0
    model = tiny_vae()
    shapes = jax.eval_shape(
        lambda key: Autoencoder().score(model, model.init(key), jax.random.key(1), binary_batch()[0]), jax.random.key(0)
    )
    assert shapes.keys() == {"log_likelihood"}


def test_the_posterior_scale_is_not_trained() -> None:
    """The half of the encoder's outputs that makes the scale has no gradient: the code is the mean."""
    model, x = tiny_vae(), binary_batch()[0]
    params = init(model, jax.random.key(0))
    gradient = jax.jit(
        jax.grad(lambda params: Autoencoder().bound(model, params, jax.random.key(1), x, jnp.asarray(0))[0])
    )(params)
    bias = gradient["encoder"]["params"]["Dense_0"]["bias"]
    assert np.all(bias[:2] != 0)
    np.testing.assert_array_equal(bias[2:], np.zeros(2))
