"""The start of the Bernoulli likelihood."""

import jax
import jax.numpy as jnp
import numpy as np

import jaxvae as jv


def test_starts_at_the_log_odds_of_the_training_mean() -> None:
    """With a decoder that puts out 0, the untrained model is the independent one; without examples it is fair coins."""
    examples = jax.random.bernoulli(jax.random.key(0), 0.3, (40, 3, 2)).astype(jnp.float32)
    model = jv.VAE((3, 2), 4, jv.networks.MLP(()), jv.networks.MLP(()))
    for given, expected in ((examples, (np.sum(examples, axis=0) + 1) / 42), (None, np.full((3, 2), 0.5))):
        params = jv.init(model, jax.random.key(1), given)
        silent = jax.tree.map(jnp.zeros_like, params["decoder"])
        p = jv.decode(model, {**params, "decoder": silent}, jnp.ones(4))
        np.testing.assert_allclose(p.mean, expected, rtol=1e-5)  # type: ignore[attr-defined]


def test_the_offset_is_learned() -> None:
    model = jv.VAE((3, 2), 4, jv.networks.MLP(()), jv.networks.MLP(()))
    params = jv.init(model, jax.random.key(1))
    gradient = jax.jit(jax.grad(lambda params: jv.elbo(model, params, jax.random.key(2), jnp.ones((3, 2))).value))(
        params
    )
    assert np.all(np.asarray(gradient["likelihood"]["offset"]) > 0)
