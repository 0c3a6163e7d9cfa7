"""A decoder that starts loud and can do without z: the plain ELBO leaves z unused, objectives against that do not."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing, load
from jaxvae.evaluation import mutual_information
from jaxvae.objectives import ELBO, GECO, FreeBits, MinimumRate
from jaxvae.training import Optimizer, Training, create_state, fit

EPOCHS = 40
QUIET = jv.networks.MLP()
LOUD = jv.networks.MLP(activation="relu", hidden_gain=1.0, output_gain=1.0)


def information(objective: Any, network: jv.networks.MLP = LOUD) -> float:
    """I(x; z) of 180 validation digits after training with an autoregressive likelihood, nats."""
    dataset = load("digits")
    preprocessing = Preprocessing(dataset.maximum, binarize="dynamic")
    likelihood = jv.likelihoods.AutoregressiveBernoulli()
    model = jv.VAE(dataset.data_shape, 16, network, network, likelihood=likelihood)
    training = Training(model, preprocessing, Optimizer(), objective, epochs=EPOCHS)
    images = jnp.asarray(dataset.train.values)
    examples = preprocessing.expected(images)
    state = jax.jit(create_state, static_argnums=3)(training, jax.random.key(0), examples, len(images))
    validation = preprocessing.for_evaluation(dataset.validation.values, "validation")
    *_, last = fit(training, state, images, validation)
    return float(jax.jit(mutual_information)(model, last.state.params, jax.random.key(1), validation))


@pytest.mark.slow
def test_the_plain_elbo_collapses_where_the_networks_start_loud() -> None:
    assert information(ELBO(), LOUD) < 0.3
    assert information(ELBO(), QUIET) > 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective", [FreeBits(nats=0.2), MinimumRate(rate=3.0), GECO(target=3.0, constrain="rate")], ids=repr
)
def test_remedies_keep_information(objective: Any) -> None:
    """At a rate of 3 nats or thereabouts, most of which tells the digits apart."""
    assert information(objective) > 1.5
