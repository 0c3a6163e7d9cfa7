"""The beta-binomial likelihood for grey levels and other counts out of a maximum."""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.transforms import positive
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import Support, levels
from jaxvae.networks.products import plus_bias
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE

MIN_SHAPE = 1e-4  # of alpha and beta: keeps log Γ finite if the decoder collapses
_FROM_DATA = (1e-2, 1e4)  # [alpha + beta] beyond which a few examples no longer tell: two points, nearly a binomial


@dataclass
class BetaBinomial(Likelihood):
    """Independent levels: p(x|z) = Π_d BetaBinomial(n x_d; n, α_d, β_d), x_d in {0, 1/n, …, 1}, n = total_count.

    α = 1e-4 + mean · concentration, β = 1e-4 + (1 − mean) · concentration, with mean = sigmoid(decoder(z)₁ + offset)
    and concentration = softplus(decoder(z)₂ + c), softplus(c) = 1. The offset is learned and starts at the log-odds of
    the training mean. A probability mass over grey levels as they are stored: no noise, no bin width.

    Args:
        total_count: largest level of the data [levels]: 255 for 8-bit images, 16 for digits.

    Raises:
        UserError: for a total below 1.
    """

    total_count: int = 255

    def __post_init__(self) -> None:
        check_range(self, at_least=1, total_count=self.total_count)

    @property
    def support(self) -> Support:
        """The levels g / total_count."""
        return levels(self.total_count + 1)

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A logit of the mean and a raw concentration for each data dimension: `(2, *data_shape)`."""
        return (2, *vae.data_shape)

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The offset, `data_shape`."""
        del key
        return {"offset": jnp.zeros(vae.data_shape) if examples is None else distributions.smoothed_log_odds(examples)}

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.Levels:
        """p(x|z) over `data_shape`."""
        del vae
        return self._levels(plus_bias(outputs[0], params["likelihood"]["offset"]), positive(outputs[1], 0.0))

    def independent(self, x: Array) -> distributions.Levels:
        """Beta-binomials by the moments of the training data."""
        logits = distributions.smoothed_log_odds(x)
        of_binomial = jax.nn.sigmoid(logits) * jax.nn.sigmoid(-logits) / self.total_count
        ratio = jnp.var(x, axis=0) / of_binomial  # (α + β + n) / (α + β + 1)
        least, most = _FROM_DATA
        is_wider = ratio > 1.0
        concentration = jnp.where(is_wider, (self.total_count - ratio) / jnp.where(is_wider, ratio - 1.0, 1.0), most)
        return self._levels(logits, jnp.clip(concentration, least, most))

    def _levels(self, logits: Array, concentration: Array) -> distributions.Levels:
        alpha = MIN_SHAPE + jax.nn.sigmoid(logits) * concentration
        beta = MIN_SHAPE + jax.nn.sigmoid(-logits) * concentration
        return distributions.Levels(distributions.BetaBinomial(float(self.total_count), alpha, beta), self.total_count)
