"""The Laplace likelihood for real-valued data: an absolute error with a scale."""

from typing import Literal

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.likelihoods import location_scale
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import REAL, Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


def _mean_absolute(residuals: Array, axis: int | None) -> Array:
    return jnp.mean(jnp.abs(residuals), axis)


@dataclass
class Laplace(Likelihood):
    """Independent Laplace data dimensions: p(x|z) = Π_d exp(−|x_d − loc_d| / scale_d) / (2 scale_d).

    Center c, spread s, units and ranges as in `Normal`: loc = c + s · (decoder(z) + offset). The offset is learned and
    starts at the median of the training examples. A scale that is not fixed starts at their mean absolute deviation
    from the median.

    Args:
        scale: mean absolute deviation [data units]: a number > 0, `shared` (one learned number), `per_dimension` (a
            learned number for each dimension) or `decoded`.
        mean: range of the decoded mean: `identity` for any real, `sigmoid` for (0, 1), `tanh` for (−1, 1).
        start: `data`: at the best member of the family that ignores z. `unit`: at location 0 and scale 1, without an
            offset.

    Raises:
        UserError: for a scale that is not above 0, or an unknown name.
    """

    scale: float | location_scale.ScaleKind = "decoded"
    mean: Literal["identity", "sigmoid", "tanh"] = "identity"
    start: location_scale.Start = "data"

    def __post_init__(self) -> None:
        location_scale.check(self)

    @property
    def support(self) -> Support:
        """All finite reals."""
        return REAL

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A mean for each data dimension, and with `decoded` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return location_scale.parameter_shape(self, model)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset and, if it is learned, the raw scale; see `location_scale.start`."""
        del key
        return location_scale.start(self, model, examples, location_scale.median_of, _mean_absolute)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.Laplace:
        """p(x|z) over `data_shape`."""
        del model
        return distributions.Laplace(*location_scale.location_and_scale(self, params, outputs))

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """X in units of the training examples if the mean may be any real, else x itself; `data_shape`."""
        del model
        return location_scale.encoder_input(params, x)
