"""The continuous Bernoulli likelihood for data in [0, 1]."""

import jax
import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import UNIT_INTERVAL, Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

_LARGEST_START = 100.0  # |logit| at a mean of 0.01 or 0.99; pixels that never change have no finite one
_BISECTIONS = 30  # of 200 down to float32's rounding


@dataclass
class ContinuousBernoulli(Likelihood):
    """Independent grey values with a density on [0, 1]: p(x|z) = Π_d C(λ_d) λ_d^x_d (1 − λ_d)^(1 − x_d).

    logit λ = decoder(z) + offset. It is the Bernoulli likelihood of grey values with the normaliser C; without C that
    is not a density (Loaiza-Ganem and Cunningham 2019). The offset is learned. At the start the distribution's mean is
    that of the training examples (without examples the offset is 0).
    """

    @property
    def support(self) -> Support:
        """The interval [0, 1]."""
        return UNIT_INTERVAL

    def parameter_shape(self, model: ModelParts) -> Shape:
        """One logit for each data dimension: `data_shape`."""
        return model.data_shape

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset, `data_shape`."""
        del key
        return {"offset": jnp.zeros(model.data_shape) if examples is None else _logits_of(jnp.mean(examples, axis=0))}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.ContinuousBernoulli:
        """p(x|z) over `data_shape`."""
        del model
        return distributions.ContinuousBernoulli(outputs + params["likelihood"]["offset"])


def _logits_of(means: Array) -> Array:
    """The logits for given means, by bisection: the mean grows with the logit."""

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        is_low = distributions.ContinuousBernoulli(middle).mean < means
        return jnp.where(is_low, middle, low), jnp.where(is_low, high, middle)

    ends = jnp.full_like(means, -_LARGEST_START), jnp.full_like(means, _LARGEST_START)
    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, ends)
    return 0.5 * (low + high)
