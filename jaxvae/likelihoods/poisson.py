"""The Poisson likelihood for counts, and shared parts of all likelihoods of counts."""

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.distributions.transforms import positive
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import COUNTS, Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

MIN_RATIO = 1e-4  # of a rate to exp(offset): keeps its logarithm finite if the decoder collapses


def smoothed_rates(examples: Array) -> Array:
    """Mean count in each dimension of `[n, *event]` examples and one more of count 1: (Σ x + 1) / (n + 1).

    >>> smoothed_rates(jnp.array([[0.0, 5.0], [0.0, 8.0], [0.0, 2.0]])).tolist()
    [0.25, 4.0]
    """
    return (jnp.sum(examples, axis=0) + 1.0) / (examples.shape[0] + 1.0)


def rates_from(outputs: Array, offset: Array) -> Array:
    """exp(offset) · (1e-4 + softplus(outputs + c)), softplus(c) = 1: the decoder's factor of each rate."""
    return jnp.exp(offset) * positive(outputs, MIN_RATIO)


def compress(x: Array) -> Array:
    """arsinh x ≈ log 2x: counts over many orders of magnitude as numbers for a network (Anscombe 1948)."""
    return jnp.arcsinh(x)


@dataclass
class Poisson(Likelihood):
    """Independent counts: p(x|z) = Π_d Poisson(x_d; rate_d), x_d in {0, 1, 2, …}.

    rate = exp(offset) · (1e-4 + softplus(decoder(z) + c)), softplus(c) = 1. The offset is learned. It starts at the
    logarithm of the training mean (at 0 without examples), so for counts of any size training starts near the best
    model with independent dimensions. The encoder sees arsinh x.
    """

    @property
    def support(self) -> Support:
        """{0, 1, 2, …}."""
        return COUNTS

    def parameter_shape(self, model: ModelParts) -> Shape:
        """One number for each data dimension: `data_shape`."""
        return model.data_shape

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset, `data_shape`."""
        del key
        return {"offset": jnp.zeros(model.data_shape) if examples is None else jnp.log(smoothed_rates(examples))}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.Poisson:
        """p(x|z) over `data_shape`."""
        del model
        return distributions.Poisson(rates_from(outputs, params["likelihood"]["offset"]))

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """arsinh x, `data_shape`."""
        del model, params
        return compress(x)
