"""The normal likelihood for real-valued data."""

from typing import Literal

from jaxvae import distributions
from jaxvae.likelihoods import location_scale
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import REAL, Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Normal(Likelihood):
    """Independent normal data dimensions: p(x|z) = Π_d N(x_d; loc_d, scale_d).

    loc = c + s · (decoder(z) + offset), and a scale that is not fixed is s · (3e-3 + softplus(raw)). The center c and
    the spread s are the mean and the standard deviation of the training examples: one number each for images, one a
    column for tables. The encoder sees (x − c) / s, so data in other units give the same model. With a mean in a range,
    or the start `unit`, there are no units: loc = mean(decoder(z) + offset), scale = 1e-3 + softplus(raw).

    Offset and scale start at the mean and the standard deviation of each dimension, which is best for a decoder that
    ignores z. For images two more examples are added, so that no pixel is certain; a column of a table that never
    changes starts at one spread. The scale is always part of the density: a squared error without it is not a
    likelihood (Rybkin, Daniilidis and Levine 2021, section 3). That paper sets a shared σ² to the mean squared error of
    the batch. We do not: with a σ computed from the scored x, the result is a function of x that does not integrate to
    1.

    Args:
        scale: standard deviation [data units]: a number > 0, `shared` (one learned number), `per_dimension` (a
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
        return location_scale.start(self, model, examples, location_scale.mean_of, location_scale.root_mean_square)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.Normal:
        """p(x|z) over `data_shape`."""
        del model
        return distributions.Normal(*location_scale.location_and_scale(self, params, outputs))

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """X in units of the training examples if the mean may be any real, else x itself; `data_shape`."""
        del model
        return location_scale.encoder_input(params, x)
