"""The VQ-VAE's objective: its loss by hand, perplexity, what moves in which stage."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.objectives import VQVAE
from jaxvae.objectives.vector_quantized import perplexity
from jaxvae.posteriors import VectorQuantized
from jaxvae.priors import AutoregressiveCodes, UniformCodes
from jaxvae.training import Optimizer, Training, create_state, train_epoch
from tests.helpers import assert_trees_close, binary_batch, init, keys
from tests.sizes import BATCH, DATA_SHAPE

STEP = jnp.asarray(0)
BETA = 0.6


def model(prior: Any = None, num_codes: int = 4) -> jv.VAE:
    posterior = VectorQuantized(num_codes=num_codes, code_dim=2, depth=1)
    prior = UniformCodes() if prior is None else prior
    return jv.VAE(DATA_SHAPE, 6, jv.networks.MLP(()), jv.networks.MLP(()), posterior, prior)


@pytest.mark.parametrize("used", [1, 3, 6])
def test_perplexity_of_equal_use_is_the_number_of_codes_used(used: int) -> None:
    counts = np.where(np.arange(6) < used, 5.0, 0.0)
    np.testing.assert_allclose(perplexity(jnp.asarray(counts, jnp.float32)), used, rtol=1e-6)


def test_loss_and_metrics_by_hand() -> None:
    """By numpy from encoder outputs and log-likelihoods; β weighs a sum over dimensions, a mean over examples."""
    vae, xs = model(), binary_batch()
    params = init(vae, jax.random.key(0))
    loss, metrics = VQVAE(commitment=BETA).loss(vae, params, keys(1, BATCH), xs, jnp.ones(BATCH, bool), STEP)
    codebook = np.asarray(params["posterior"]["fixed"]["codebook"][0], np.float64)
    features = np.asarray(jax.vmap(lambda x: vae.posterior_features(params, x))(xs), np.float64)
    indices = ((features[:, :, None] - codebook) ** 2).sum(-1).argmin(-1)
    z = codebook[indices]
    commitment = ((features - z) ** 2).sum((1, 2))
    decode = jax.vmap(lambda z, x: vae.decode(params, z).log_prob(x))
    log_likelihood = np.asarray(decode(jnp.asarray(z.reshape(BATCH, -1), jnp.float32), xs))
    rate = 3 * np.log(4)
    np.testing.assert_allclose(loss, np.mean(-log_likelihood + rate + BETA * commitment), rtol=1e-5)
    np.testing.assert_allclose(metrics["elbo"], np.mean(log_likelihood) - rate, rtol=1e-5)
    shares = np.bincount(indices.ravel(), minlength=4) / indices.size
    entropy = -sum(share * np.log(share) for share in shares if share > 0)
    np.testing.assert_allclose(metrics["perplexity"], np.exp(entropy), rtol=1e-5)
    np.testing.assert_allclose(metrics["usage"], np.mean(shares > 0))


@pytest.mark.slow
def test_a_batch_in_two_has_the_loss_and_gradient_of_the_whole() -> None:
    """And so has a batch of twice the examples: β does not depend on the batch size."""
    vae, xs = model(AutoregressiveCodes((5,))), binary_batch()
    params = init(vae, jax.random.key(0))

    def loss(params: Any, keys: Any, x: Any) -> Any:
        return VQVAE(commitment=BETA).loss(vae, params, keys, x, jnp.ones(len(x), bool), STEP)[0]

    both = jax.jit(jax.value_and_grad(loss))
    whole = both(params, keys(1, BATCH), xs)
    parts = both(params, keys(1, BATCH)[:2], xs[:2]), both(params, keys(1, BATCH)[2:], xs[2:])
    assert_trees_close(jax.tree.map(lambda a, b: 0.4 * a + 0.6 * b, *parts), whole)
    twice = both(params, keys(1, 2 * BATCH), jnp.concatenate([xs, xs]))
    assert_trees_close(twice, whole)


@pytest.mark.slow
def test_the_prior_has_no_say_in_the_encoder_and_decoder() -> None:
    """Their gradient is the same with either prior."""
    gradients = []
    for prior in (UniformCodes(), AutoregressiveCodes((5,))):
        vae = model(prior)
        params = {**init(model(), jax.random.key(0)), "prior": init(vae, jax.random.key(0))["prior"]}
        batch = (keys(1, BATCH), binary_batch(), jnp.ones(BATCH, bool), STEP)
        gradients.append(jax.grad(lambda params, vae=vae, batch=batch: VQVAE().loss(vae, params, *batch)[0])(params))
    for name in ("encoder", "decoder"):
        assert_trees_close(gradients[0][name], gradients[1][name])
    assert any(np.any(leaf != 0) for leaf in jax.tree.leaves(gradients[1]["prior"]))


def test_in_the_second_stage_the_prior_alone_moves() -> None:
    """Exactly: momentum, clipping and weight decay included; the rate falls and the distortion stays."""
    x = np.asarray(binary_batch(batch=40))
    objective = VQVAE(first_stage_steps=8)
    optimizer = Optimizer(learning_rate=0.01, weight_decay=0.1, gradient_clip=1.0)
    training = Training(
        model(AutoregressiveCodes((5,))), Preprocessing(), optimizer, objective, batch_size=11, epochs=30
    )
    state = jax.jit(create_state, static_argnums=3)(training, jax.random.key(0), x, len(x))
    epoch, states, figures = jax.jit(train_epoch), [state], []
    for _ in range(30):  # four steps each, the last one padded
        state, metrics = epoch(training, state, x)
        states.append(state)
        figures.append(metrics)
    assert objective.warmup_steps == 8
    start, first, last = (states[i].params for i in (0, 2, 30))
    for name in ("encoder", "decoder", "posterior"):
        assert_trees_close(last[name], first[name], rtol=0, atol=0)
        assert any(
            np.any(a != b) for a, b in zip(jax.tree.leaves(start[name]), jax.tree.leaves(first[name]), strict=True)
        )
    np.testing.assert_allclose(figures[-1]["log_likelihood"], figures[2]["log_likelihood"], rtol=1e-5)
    assert figures[-1]["kl"] < figures[2]["kl"] - 0.1


def test_a_second_stage_needs_a_prior_that_learns() -> None:
    with pytest.raises(jv.UserError, match="a prior that is learned, got UniformCodes"):
        Training(model(), Preprocessing(), objective=VQVAE(first_stage_steps=3))


def test_another_objective_or_another_posterior_is_refused() -> None:
    with pytest.raises(
        jv.UserError, match=r"VectorQuantized must be trained by VQVAE, got ELBO.*take `objective=VQVAE\(\)`"
    ):
        Training(model(), Preprocessing())
    plain = jv.VAE(DATA_SHAPE, 3)
    with pytest.raises(jv.UserError, match=r"VQVAE needs the posterior VectorQuantized, got DiagonalNormal"):
        Training(plain, Preprocessing(), objective=VQVAE())
    with pytest.raises(jv.UserError, match=r"first_stage_steps must be >= 1, got 0"):
        VQVAE(first_stage_steps=0)
