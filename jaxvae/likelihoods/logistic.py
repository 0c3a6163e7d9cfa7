"""The logistic likelihood for real-valued data, and its discretised form for grey levels."""

import math
from typing import TYPE_CHECKING, Literal

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.likelihoods import location_scale
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import MAX_LEVELS, REAL, Support, levels
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE

MIN_SCALE_IN_LEVELS = 0.02  # all but exp(−25) of the mass may then lie on one level: a smaller scale changes nothing


def _scale_of(residuals: Array) -> Array:
    """The scale of a logistic distribution with the standard deviation of the residuals."""
    return jnp.sqrt(jnp.mean(residuals**2)) * math.sqrt(3.0) / math.pi


@dataclass
class Logistic(Likelihood):
    """Independent logistic data dimensions: sigmoid((x_d − loc_d) / scale_d) is the distribution function.

    loc = mean(decoder(z) + offset). The offset is learned and starts at the mean of the training examples; a scale that
    is not fixed starts at the one with their standard deviation.

    Args:
        scale: √3/π standard deviations [data units]: a number > 0, `learned` (one number) or `per_pixel` (decoded).
        mean: range of the decoded mean: `identity` for any real, `sigmoid` for (0, 1), `tanh` for (−1, 1).

    Raises:
        UserError: for a scale that is not above 0, or an unknown name.
    """

    scale: float | Literal["learned", "per_pixel"] = "learned"
    mean: Literal["identity", "sigmoid", "tanh"] = "identity"

    def __post_init__(self) -> None:
        location_scale.check(self)

    @property
    def support(self) -> Support:
        """All finite reals."""
        return REAL

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A mean for each data dimension, and with `per_pixel` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return location_scale.parameter_shape(self, vae)

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The offset, `data_shape`, and the raw scale, `[]`, if it is not fixed."""
        del key
        return location_scale.start_at_data(self, vae, examples, _scale_of)

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.Logistic:
        """p(x|z) over `data_shape`."""
        del vae
        return distributions.Logistic(*location_scale.location_and_scale(self, params, outputs))


@dataclass
class DiscretizedLogistic(Likelihood):
    """Independent grey levels, each a logistic variable rounded to its level.

    P(x_d|z) = σ((x_d + δ − loc_d) / scale_d) − σ((x_d − δ − loc_d) / scale_d)

    σ is the sigmoid, δ half a level, and the two end levels take the whole tails: a probability mass, so that bits per
    dimension need no dequantisation. loc = decoder(z) + offset. The offset is learned and starts at the mean of the
    training examples; a scale that is not fixed starts at the one with their standard deviation. Kingma et al. 2016,
    appendix B; Salimans et al. 2017, section 2.1.

    Args:
        scale: of the logistic [data units]: a number > 0, `learned` (one number) or `per_pixel` (decoded).
        num_levels: number of grey levels of the data [levels]: x is g / (num_levels − 1); 256 for 8 bits.

    Raises:
        UserError: for a scale that is not above 0, an unknown name, or a number of levels out of range.
    """

    scale: float | Literal["learned", "per_pixel"] = "learned"
    num_levels: int = 256

    def __post_init__(self) -> None:
        location_scale.check(self)
        check_range(self, at_least=2, at_most=MAX_LEVELS, num_levels=self.num_levels)

    @property
    def support(self) -> Support:
        """The levels g / (num_levels − 1)."""
        return levels(self.num_levels)

    @property
    def _minimum(self) -> float:
        return MIN_SCALE_IN_LEVELS / (self.num_levels - 1)

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A location for each data dimension, and with `per_pixel` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return location_scale.parameter_shape(self, vae)

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The offset, `data_shape`, and the raw scale, `[]`, if it is not fixed."""
        del key
        return location_scale.start_at_data(self, vae, examples, _scale_of, self._minimum)

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.DiscretizedLogistic:
        """p(x|z) over `data_shape`."""
        del vae
        loc, scale = location_scale.location_and_scale(self, params, outputs, self._minimum)
        return distributions.DiscretizedLogistic(loc, scale, self.num_levels)
