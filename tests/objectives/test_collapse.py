"""A decoder that can do without z: the plain ELBO leaves z unused, and objectives against that do not."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing, load
from jaxvae.objectives import ELBO, GECO, FreeBits, MinimumRate
from jaxvae.training import Optimizer, Training, create_state, fit

EPOCHS = 40


def rate(objective: Any) -> float:
    """KL(q ‖ p) on validation digits after training with an autoregressive likelihood, nats."""
    dataset = load("digits")
    preprocessing = Preprocessing(dataset.maximum, binarize="dynamic")
    vae = jv.VAE(dataset.data_shape, 16, likelihood=jv.likelihoods.AutoregressiveBernoulli())
    training = Training(vae, preprocessing, Optimizer(), objective, epochs=EPOCHS)
    images = jnp.asarray(dataset.train.images)
    examples = preprocessing.expected(images)
    state = jax.jit(create_state, static_argnums=3)(training, jax.random.key(0), examples, len(images))
    validation = preprocessing.for_evaluation(dataset.validation.images, "validation")
    *_, last = fit(training, state, images, validation)
    return last.validation["kl"]


@pytest.mark.slow
def test_the_plain_elbo_collapses() -> None:
    assert rate(ELBO()) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective", [FreeBits(nats=0.2), MinimumRate(rate=3.0), GECO(target=3.0, constrain="rate")], ids=repr
)
def test_remedies_keep_information(objective: Any) -> None:
    """At a rate of 3 nats or thereabouts."""
    assert 1.5 < rate(objective) < 6.0
