"""Sixteen binary columns of real data: log p by importance weights against the sum over all 65,536 states."""

import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.evaluation import importance_estimate
from jaxvae.observation import Observation
from jaxvae.training import Optimizer, Training, create_state, fit
from tests.conftest import ROOT

_SHARED = Path(os.environ.get("JAXVAE_SHARED_DATA") or ROOT.parent / "shared" / "data")
FILE = _SHARED / "binary_density" / "nltcs.npz"


@pytest.mark.slow
@pytest.mark.skipif(not FILE.is_file(), reason="the data set NLTCS is not beside the repository")
def test_nltcs_by_importance_weights_and_by_its_states() -> None:
    """A small model of two latents: p(x) by quadrature over z sums to 1 over x; log p̂ of test rows is that log p.

    Hidden columns, too: log p̂(x_observed) is the logarithm of the sum over all states that agree with what was seen.
    """
    with np.load(FILE) as data:
        train, test = (data[name].astype(np.float32) for name in ("train", "test"))
    vae = jv.VAE((16,), 2, jv.networks.MLP((30,)), jv.networks.MLP((30,)))
    training = Training(vae, Preprocessing(), Optimizer(learning_rate=5e-3), jv.objectives.IWAE(5), epochs=2)
    state = create_state(training, jax.random.key(0), jnp.asarray(train), len(train))
    for epoch in fit(training, state, jnp.asarray(train), jnp.asarray(test[:500])):
        state = epoch.state
    params = state.params
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    log_weights = np.log(np.outer(weights, weights).ravel() / (2 * np.pi))
    likelihood: Any = jax.vmap(lambda z: vae.decode(params, z))(jnp.asarray(grid, jnp.float32))
    logits = np.asarray(likelihood.logits, np.float64)  # [nodes, 16]
    states = ((np.arange(2**16)[:, None] >> np.arange(16)) & 1).astype(np.float64)
    normaliser = np.logaddexp(0.0, logits).sum(axis=1)
    log_p = np.concatenate(
        [special.logsumexp(part @ logits.T - normaliser + log_weights, axis=1) for part in np.split(states, 64)]
    )
    assert abs(float(np.exp(log_p).sum()) - 1.0) < 1e-3
    rows, seen = test[:40], np.random.default_rng(0).random((40, 16)) < 0.6
    seen[:20] = True
    expected = [
        special.logsumexp(log_p[np.all(states[:, mask] == row[mask], axis=1)])
        for row, mask in zip(rows, seen, strict=True)
    ]
    examples = Observation(jnp.asarray(np.where(seen, rows, np.nan)), jnp.asarray(seen))
    estimate = jax.jit(jax.vmap(lambda key, one: importance_estimate(vae, params, key, one, 5000)))
    found = estimate(jax.random.split(jax.random.key(1), 40), examples)
    errors = np.asarray(found.draw_error)
    assert np.median(errors) < 0.05
    z = (np.asarray(found.log_marginal) - expected) / np.maximum(errors, 1e-3)
    assert np.all(np.abs(z) < 7.0)
