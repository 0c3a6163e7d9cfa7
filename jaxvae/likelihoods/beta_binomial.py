"""The beta-binomial likelihood for grey levels and other counts out of a maximum."""

import math
from functools import partial
from typing import Self

import jax
import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.bernoulli import smoothed_log_odds
from jaxvae.distributions.transforms import positive
from jaxvae.fast import plus_bias
from jaxvae.likelihoods.grey_levels import known_levels, with_levels
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.maximum_likelihood import a_few, maximum_likelihood, silent_member
from jaxvae.likelihoods.support import Support, levels
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

MIN_SHAPE = 1e-4  # of alpha and beta: keeps log Γ finite if the decoder collapses
_FROM_DATA = (1e-2, 1e4)  # [alpha + beta] limits of what a few examples can show: two points, nearly a binomial
_LARGEST_LOGIT = 12.0  # in size, at the start


@dataclass
class BetaBinomial(Likelihood):
    """Independent levels: p(x|z) = Π_d BetaBinomial(n x_d; n, α_d, β_d), x_d in {0, 1/n, …, 1}, n = total_count.

    α = 1e-4 + mean · concentration, β = 1e-4 + (1 − mean) · concentration, with mean = sigmoid(decoder(z)₁ + offset)
    and concentration = exp(offset₂) · softplus(decoder(z)₂ + c), softplus(c) = 1. The offsets are learned. They start
    at the maximum likelihood of the training examples. This is a probability mass over grey levels as they are stored:
    it needs no noise and no bin width.

    Args:
        total_count: largest level of the data [levels]; a run takes it from the data: 255 for 8-bit images, 16 for
            digits.

    Raises:
        UserError: for a total below 1.
    """

    total_count: int | None = None

    def __post_init__(self) -> None:
        check_range(self, at_least=1, total_count=self.total_count)

    def for_data(self, largest_level: int | None) -> Self:
        """With the largest level of the data if none was given."""
        return with_levels(self, "total_count", largest_level)

    def check_model(self, model: ModelParts) -> None:
        """Check that the largest level is known."""
        super().check_model(model)
        known_levels(self, "total_count")

    @property
    def support(self) -> Support:
        """The levels g / total_count."""
        return levels(known_levels(self, "total_count") + 1)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A logit of the mean and a raw concentration for each data dimension: `(2, *data_shape)`."""
        return (2, *model.data_shape)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset of the logit and the logarithm of the concentration, `data_shape` each."""
        del key
        if examples is None:
            return {"offset": jnp.zeros(model.data_shape), "log_concentration": jnp.zeros(model.data_shape)}
        own = maximum_likelihood(partial(silent_member, self, model), self._by_moments(examples), a_few(examples))
        return {
            "offset": jnp.clip(own["offset"], -_LARGEST_LOGIT, _LARGEST_LOGIT),
            "log_concentration": jnp.clip(own["log_concentration"], *(math.log(bound) for bound in _FROM_DATA)),
        }

    def _by_moments(self, x: Array) -> Params:
        """The parameters that match the means and variances of the training examples."""
        logits = smoothed_log_odds(x)
        total_count = known_levels(self, "total_count")
        of_binomial = jax.nn.sigmoid(logits) * jax.nn.sigmoid(-logits) / total_count
        ratio = jnp.var(x, axis=0) / of_binomial  # (α + β + n) / (α + β + 1)
        least, most = _FROM_DATA
        is_wider = ratio > 1.0
        concentration = jnp.where(is_wider, (total_count - ratio) / jnp.where(is_wider, ratio - 1.0, 1.0), most)
        return {"offset": logits, "log_concentration": jnp.log(jnp.clip(concentration, least, most))}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.Levels:
        """p(x|z) over `data_shape`."""
        del model
        own = params["likelihood"]
        concentration = jnp.exp(own["log_concentration"]) * positive(outputs[1], 0.0)
        return self._levels(plus_bias(outputs[0], own["offset"]), concentration)

    def _levels(self, logits: Array, concentration: Array) -> distributions.Levels:
        alpha = MIN_SHAPE + jax.nn.sigmoid(logits) * concentration
        beta = MIN_SHAPE + jax.nn.sigmoid(-logits) * concentration
        total_count = known_levels(self, "total_count")
        return distributions.Levels(distributions.BetaBinomial(float(total_count), alpha, beta), total_count)
