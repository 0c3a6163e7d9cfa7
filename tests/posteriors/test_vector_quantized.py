"""Quantised latents against brute force and numpy: nearest codes, levels, gradients, and the codebook's averages."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.distributions.quantized import Quantized, quantize
from jaxvae.posteriors import VectorQuantized
from jaxvae.posteriors.codebook import SMOOTHING, fresh_codebook, moved_codebook
from jaxvae.priors import UniformCodes
from tests.helpers import assert_trees_close, binary_batch, init, keys
from tests.sizes import DATA_SHAPE

BATCH, LEVELS, GROUPS, CODES, DIM = 7, 2, 3, 5, 4
DECAY = 0.9

nothing_restarts = jax.jit(lambda state, q, keys, mask: moved_codebook(state, q, keys, mask, DECAY, 0.0))
rare_codes_restart = jax.jit(lambda state, q, keys, mask: moved_codebook(state, q, keys, mask, DECAY, 0.9))


def outputs(seed: int, batch: int = BATCH) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(batch, GROUPS, DIM)).astype(np.float32)


def codebook_state(seed: int = 3) -> dict[str, jax.Array]:
    return dict(fresh_codebook(jax.random.key(seed), LEVELS, CODES, DIM))


def quantize_batch(z: Any, codebook: Any) -> Quantized:
    return jax.vmap(quantize, (0, None))(jnp.asarray(z), jnp.asarray(codebook))


def vq_model(depth: int = 1) -> tuple[jv.VAE, Any]:
    model = jv.VAE(
        DATA_SHAPE, 2 * 3 * depth, jv.networks.MLP(()), jv.networks.MLP((5,), "tanh"),
        VectorQuantized(num_codes=CODES, code_dim=3, depth=depth), UniformCodes(),
    )  # fmt: skip
    return model, init(model, jax.random.key(0))


def test_codes_are_the_nearest_of_all() -> None:
    """Level after level against a loop in float64 over every vector and every code."""
    z, codebook = outputs(0), np.asarray(codebook_state()["codebook"])
    q = quantize_batch(z, codebook)
    assert q.indices.shape == (BATCH, LEVELS, GROUPS)
    for b in range(BATCH):
        for g in range(GROUPS):
            residual = z[b, g].astype(np.float64)
            for level in range(LEVELS):
                distances = [np.sum((residual - code) ** 2) for code in codebook[level].astype(np.float64)]
                index = int(np.argmin(distances))
                assert int(q.indices[b, level, g]) == index
                np.testing.assert_array_equal(q.codes[b, level, g], codebook[level, index])
                np.testing.assert_allclose(q.residuals[b, level, g], residual, rtol=1e-5, atol=1e-6)
                residual -= codebook[level, index]
    np.testing.assert_allclose(
        q.commitment, ((z - np.asarray(q.codes).sum(1)) ** 2).sum((1, 2)), rtol=1e-5
    )  # of all levels together


def test_all_mass_is_on_the_codes() -> None:
    q = quantize_batch(outputs(0), codebook_state()["codebook"])
    z = q.sample(jax.random.key(1))
    np.testing.assert_array_equal(z, q.mean)
    np.testing.assert_array_equal(z, np.asarray(q.codes).reshape(BATCH, -1))
    np.testing.assert_array_equal(q.log_prob(z), np.zeros(BATCH))
    np.testing.assert_array_equal(q.log_prob(z.at[2, 5].add(1e-3)), np.where(np.arange(BATCH) == 2, -np.inf, 0.0))
    np.testing.assert_array_equal(jax.vmap(lambda one, z: one.log_prob(z))(q, z), np.zeros(BATCH))


@pytest.mark.slow
@pytest.mark.parametrize("depth", [1, 2])
def test_the_encoder_gets_the_gradient_of_the_decoder_at_the_codes(depth: int) -> None:
    """Of what the decoder is shown, the sum of the levels."""
    model, params = vq_model(depth)
    x = binary_batch()[0]
    features = model.posterior_features(params, x)

    def by_features(features: jax.Array) -> jax.Array:
        z = model.posterior_from(params, features).sample(jax.random.key(1))
        return model.decode(params, z).log_prob(x)

    def by_shown(shown: jax.Array) -> jax.Array:
        network_outputs = model.decoder.apply(params["decoder"], shown, model.likelihood.parameter_shape(model))
        return model.likelihood.distribution(model, params, network_outputs).log_prob(x)

    q: Any = model.posterior_from(params, features)
    shown = jnp.sum(q.codes, axis=0).reshape(-1)
    np.testing.assert_allclose(by_features(features), by_shown(shown), rtol=1e-6)
    gradient = jax.grad(by_features)(features)
    assert np.all(gradient != 0)
    np.testing.assert_allclose(gradient.reshape(-1), jax.grad(by_shown)(shown), rtol=1e-5)


def test_the_gradient_of_the_commitment_is_that_of_finite_differences() -> None:
    """Within a cell the codes do not change: 2 (z_e − z_q), in float64."""
    with jax.enable_x64(True):
        codebook = jnp.asarray(np.random.default_rng(1).normal(size=(LEVELS, CODES, DIM)))
        z = jnp.asarray(np.random.default_rng(2).normal(size=(GROUPS, DIM)))
        gradient = np.asarray(jax.grad(lambda z: quantize(z, codebook).commitment)(z))
        for index in np.ndindex(GROUPS, DIM):
            step = jnp.zeros((GROUPS, DIM)).at[index].set(1e-6)
            above, below = (quantize(z + sign * step, codebook).commitment for sign in (1, -1))
            np.testing.assert_allclose(gradient[index], (above - below) / 2e-6, rtol=1e-6)


def test_no_gradient_reaches_the_codebook() -> None:
    model, params = vq_model(2)
    gradient = jax.grad(lambda params: jv.elbo(model, params, jax.random.key(1), binary_batch()[0]).value)(params)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradient["posterior"]))


def test_averages_are_those_of_numpy_step_by_step() -> None:
    """Three steps of appendix A.1 by loops in float64."""
    state = codebook_state()
    counts, sums = np.zeros((LEVELS, CODES)), np.zeros((LEVELS, CODES, DIM))
    codebook = np.asarray(state["codebook"], np.float64)
    for step in range(3):
        z = outputs(10 + step)
        q = quantize_batch(z, state["codebook"])
        state = nothing_restarts(state, q, keys(step, BATCH), np.ones(BATCH, bool))
        hits, totals = np.zeros_like(counts), np.zeros_like(sums)
        for b, level, g in np.ndindex(BATCH, LEVELS, GROUPS):
            hits[level, q.indices[b, level, g]] += 1
            totals[level, q.indices[b, level, g]] += np.asarray(q.residuals[b, level, g], np.float64)
        counts = DECAY * counts + (1 - DECAY) * hits
        sums = DECAY * sums + (1 - DECAY) * totals
        total = counts.sum(1, keepdims=True)
        smoothed = (counts + SMOOTHING) / (total + CODES * SMOOTHING) * total
        codebook = np.where(counts[..., None] > 0, sums / smoothed[..., None], codebook)
        np.testing.assert_allclose(state["counts"], counts, rtol=1e-5)
        np.testing.assert_allclose(state["sums"], sums, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(state["codebook"], codebook, rtol=1e-4, atol=1e-5)
    assert np.all(counts.sum(1) > 0)


@pytest.mark.parametrize("move", [nothing_restarts, rare_codes_restart], ids=["averages", "restarts"])
def test_padding_has_no_say(move: Any) -> None:
    """Junk in the middle and at the end, with a key of its own: the same codebook, its restarts included."""
    z, state = outputs(4), codebook_state()
    whole = move(state, quantize_batch(z, state["codebook"]), keys(5, BATCH), np.ones(BATCH, bool))
    where = np.array([0, 1, 3, 4, 6, 7, 8])
    padded = np.full((BATCH + 3, GROUPS, DIM), 1e3, np.float32)
    padded[where] = z
    key_of = np.zeros(BATCH + 3, int)
    key_of[where] = np.arange(BATCH)
    mask = np.isin(np.arange(BATCH + 3), where)
    moved = move(state, quantize_batch(padded, state["codebook"]), keys(5, BATCH)[key_of], mask)
    assert_trees_close(moved, whole)
    none = move(state, quantize_batch(z, state["codebook"]), keys(5, BATCH), np.zeros(BATCH, bool))
    assert_trees_close(none, state, rtol=0, atol=0)


def test_dead_codes_and_no_others_restart_at_vectors_of_the_batch() -> None:
    """One code far away in each level is never hit; every restart is another vector."""
    state = codebook_state()
    state["codebook"] = state["codebook"].at[:, 1].set(100.0).at[:, 3].set(-100.0)
    state["counts"] = jnp.full((LEVELS, CODES), 4.0).at[:, jnp.array([1, 3])].set(1e-3)
    state["sums"] = state["counts"][..., None] * state["codebook"]
    q = quantize_batch(outputs(6), state["codebook"])
    moved, plain = (
        jax.jit(lambda *batch, share=share: moved_codebook(*batch, DECAY, share))(
            state, q, keys(7, BATCH), np.ones(BATCH, bool)
        )
        for share in (0.01, 0.0)
    )
    alive = [0, 2, 4]
    for name in state:
        np.testing.assert_array_equal(moved[name][:, alive], plain[name][:, alive])
    fair = np.asarray(plain["counts"]).sum(1) / CODES
    for level in range(LEVELS):
        vectors = np.asarray(q.residuals[:, level]).reshape(-1, DIM)
        chosen = [np.flatnonzero((vectors == code).all(1)) for code in np.asarray(moved["codebook"][level, [1, 3]])]
        assert [len(rows) for rows in chosen] == [1, 1]
        assert chosen[0] != chosen[1]
        np.testing.assert_allclose(moved["counts"][level, 1], fair[level], rtol=1e-5)
        np.testing.assert_allclose(moved["sums"][level, 1], fair[level] * moved["codebook"][level, 1], rtol=1e-5)
    again = jax.jit(lambda *batch: moved_codebook(*batch, DECAY, 0.01))(state, q, keys(8, BATCH), np.ones(BATCH, bool))
    assert np.any(again["codebook"][:, 1] != moved["codebook"][:, 1]), "another key, the same choice"


def test_a_fitted_codebook_leaves_less_with_every_level() -> None:
    """Where codes are the means of what is nearest to them, no level adds error; here each takes a part away."""
    z, state = outputs(9, batch=200), dict(fresh_codebook(jax.random.key(0), 4, CODES, DIM))
    move = jax.jit(lambda state, key: moved_codebook(
        state, quantize_batch(z, state["codebook"]), jax.random.split(key, 200), np.ones(200, bool), DECAY, 0.1
    ))  # fmt: skip
    for key in keys(1, 60):
        state = move(state, key)
    q = quantize_batch(z, state["codebook"])
    left = z[:, None] - np.cumsum(np.asarray(q.codes), axis=1)
    errors = [np.mean(z**2), *np.mean(left**2, axis=(0, 2, 3))]
    assert np.all(np.diff(errors) < -0.1 * np.array(errors[:-1])), errors


@pytest.mark.parametrize(("latent_dim", "depth", "code_dim"), [(24, 2, 3), (64, 1, 16), (3, 1, 1)])
def test_by_default_the_rate_does_not_grow_with_the_latents(latent_dim: int, depth: int, code_dim: int) -> None:
    """Four groups, or as many as there are latents."""
    posterior = VectorQuantized(depth=depth)
    model = jv.VAE(DATA_SHAPE, latent_dim, posterior=posterior, prior=UniformCodes())
    assert posterior.parameter_shape(model) == (min(4, latent_dim), code_dim)
    assert jax.eval_shape(model.init, jax.random.key(0))["posterior"]["fixed"]["codebook"].shape == (
        depth,
        16,
        code_dim,
    )


def test_bad_input() -> None:
    with pytest.raises(jv.UserError, match=r"num_codes must be >= 2, got 1"):
        VectorQuantized(num_codes=1)
    with pytest.raises(jv.UserError, match=r"decay must be >= 0 and < 1, got 1.0"):
        VectorQuantized(decay=1.0)
    with pytest.raises(
        jv.UserError, match=r"multiple of depth · code_dim of VectorQuantized, 2 · 4, got 20: take 16 or 24"
    ):
        jv.VAE(DATA_SHAPE, 20, posterior=VectorQuantized(code_dim=4, depth=2), prior=UniformCodes())
    with pytest.raises(
        jv.UserError, match=r"Vamp over densities of the posterior: .* `prior=AutoregressiveCodes\(\)` or `prior=Unif"
    ):
        jv.VAE(DATA_SHAPE, 16, posterior=VectorQuantized(), prior=jv.priors.Vamp())
    with pytest.raises(jv.UserError, match=r"WithNoise must be over a space with room for noise"):
        jv.VAE(DATA_SHAPE, 17, posterior=jv.posteriors.WithNoise(VectorQuantized()), prior=UniformCodes())
