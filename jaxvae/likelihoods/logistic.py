"""The logistic likelihood for real-valued data, and its discretised form for grey levels."""

import math
from typing import Literal, Self

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.likelihoods import location_scale
from jaxvae.likelihoods.grey_levels import known_levels, with_levels
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import MAX_LEVELS, REAL, Support, levels
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

MIN_SCALE_IN_LEVELS = 0.02  # then one level may hold all but exp(−25) of the mass: a smaller scale changes nothing


def _scale_of(residuals: Array, axis: int | None) -> Array:
    """The scale of a logistic distribution with the standard deviation of the residuals."""
    return location_scale.root_mean_square(residuals, axis) * math.sqrt(3.0) / math.pi


@dataclass
class Logistic(Likelihood):
    """Independent logistic data dimensions: sigmoid((x_d − loc_d) / scale_d) is the distribution function.

    Center c, spread s, units and ranges as in `Normal`: loc = c + s · (decoder(z) + offset). The offset is learned. The
    offset, and a scale that is not fixed, start at the maximum likelihood of the training examples.

    Args:
        scale: √3/π standard deviations [data units]: a number > 0, `shared` (one learned number), `per_dimension` (a
            learned number for each dimension) or `decoded`.
        mean: range of the decoded mean: `identity` for any real, `sigmoid` for (0, 1), `tanh` for (−1, 1).
        start: `data`, at the best member of the family that ignores z, or `unit`, at a location of 0 and a scale of 1
            without an offset.

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
        own = location_scale.start(self, model, examples, location_scale.mean_of, _scale_of)
        return location_scale.fit(self, model, own, examples)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.Logistic:
        """p(x|z) over `data_shape`."""
        del model
        return distributions.Logistic(*location_scale.location_and_scale(self, params, outputs))

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """X in units of the training examples if the mean may be any real, else x itself; `data_shape`."""
        del model
        return location_scale.encoder_input(params, x)


@dataclass
class DiscretizedLogistic(Likelihood):
    """Independent grey levels: each is a logistic variable rounded to a level.

    P(x_d|z) = σ((x_d + δ − loc_d) / scale_d) − σ((x_d − δ − loc_d) / scale_d)

    σ is the sigmoid, δ half a level, and the two end levels include the tails. It is a probability mass, so bits per
    dimension need no dequantisation. loc = decoder(z) + offset. The offset is learned. The offset, and a scale that is
    not fixed, start at the maximum likelihood of the training examples. Kingma et al. 2016, appendix B; Salimans et al.
    2017, section 2.1.

    Args:
        scale: of the logistic [data units]: a number > 0, `shared` (one learned number), `per_dimension` (a learned
            number for each dimension) or `decoded`.
        start: `data`, at the best member of the family that ignores z, or `unit`, at a location of 0 and a scale of 1
            without an offset.
        num_levels: number of grey levels [levels]: x is g / (num_levels − 1). A run takes it from the data: 256 for
            8-bit images, 17 for digits.

    Raises:
        UserError: for a scale that is not above 0, an unknown name, or a number of levels out of range.
    """

    scale: float | location_scale.ScaleKind = "decoded"
    start: location_scale.Start = "data"
    num_levels: int | None = None

    def __post_init__(self) -> None:
        location_scale.check(self)
        check_range(self, at_least=2, at_most=MAX_LEVELS, num_levels=self.num_levels)

    def for_data(self, largest_level: int | None) -> Self:
        """With the number of levels of the data if none was given."""
        return with_levels(self, "num_levels", None if largest_level is None else largest_level + 1)

    def check_model(self, model: ModelParts) -> None:
        """Check that the number of levels is known."""
        super().check_model(model)
        known_levels(self, "num_levels")

    @property
    def support(self) -> Support:
        """The levels g / (num_levels − 1)."""
        return levels(known_levels(self, "num_levels"))

    @property
    def _minimum(self) -> float:
        return MIN_SCALE_IN_LEVELS / (known_levels(self, "num_levels") - 1)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A location for each data dimension, and with `decoded` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return location_scale.parameter_shape(self, model)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset and, if it is learned, the raw scale; see `location_scale.start`."""
        del key
        own = location_scale.start(self, model, examples, location_scale.mean_of, _scale_of, self._minimum)
        return location_scale.fit(self, model, own, examples, self._minimum)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.DiscretizedLogistic:
        """p(x|z) over `data_shape`."""
        del model
        loc, scale = location_scale.location_and_scale(self, params, outputs, self._minimum)
        return distributions.DiscretizedLogistic(loc, scale, known_levels(self, "num_levels"))
