"""Student's t likelihood for real-valued data with outliers."""

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_choice, check_range
from jaxvae.distributions.transforms import inverse_positive, positive
from jaxvae.likelihoods import location_scale
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.maximum_likelihood import a_few, better_member
from jaxvae.likelihoods.support import REAL, Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass, stack
from jaxvae.typing import Array, Key, Params, Shape

MIN_DF = 1.01  # a t distribution has a mean above 1
START_DF = 5.0  # learned degrees of freedom start with heavy tails and a finite variance and kurtosis
_FROM_DATA = (1.2, 100.0)  # degrees of freedom at the start: outside, a training step changes almost nothing
_QUARTILE = 0.727  # of a t distribution of `START_DF` degrees of freedom: its median distance from 0


def _scale_of(residuals: Array, axis: int | None) -> Array:
    """The scale of a t distribution of `START_DF` degrees of freedom with the standard deviation of the residuals."""
    return location_scale.root_mean_square(residuals, axis) * ((START_DF - 2.0) / START_DF) ** 0.5


def _robust_scale_of(residuals: Array, axis: int | None) -> Array:
    """The same from the median distance, which outliers do not move; if most residuals are 0, from the deviation."""
    distance = jnp.median(jnp.abs(a_few(residuals, location_scale.MOST_SORTED)), axis) / _QUARTILE
    return jnp.where(distance > 0.0, distance, _scale_of(residuals, axis))


@dataclass
class StudentT(Likelihood):
    """Independent data dimensions of Student's t distribution: p(x|z) = Π_d t(x_d; df, loc_d, scale_d).

    Robust to outliers: the gradient of a large residual falls with 1 / residual, while the normal likelihood's grows.
    Center c, spread s, units and ranges as in `Normal`: loc = c + s · (decoder(z) + offset). The offset is learned. The
    offset, a scale that is not fixed, and learned degrees of freedom start at the maximum likelihood of the training
    examples. Takahashi et al. 2018.

    Args:
        scale: scale of the deviation [data units]: a number > 0, `shared` (one learned number), `per_dimension` (a
            learned number for each dimension) or `decoded`.
        mean: range of the decoded mean: `identity` for any real, `sigmoid` for (0, 1), `tanh` for (−1, 1).
        df: degrees of freedom: a number > 1, or `learned` (one number; with the start `unit` it starts at 5).
        start: `data`: at the best member of the family that ignores z. `unit`: at location 0 and scale 1, without an
            offset.

    Raises:
        UserError: for a scale that is not above 0, a df that is not above 1, or an unknown name.
    """

    scale: float | location_scale.ScaleKind = "decoded"
    mean: Literal["identity", "sigmoid", "tanh"] = "identity"
    df: float | Literal["learned"] = "learned"
    start: location_scale.Start = "data"

    def __post_init__(self) -> None:
        location_scale.check(self)
        check_range(self, above=1.0, df=self.df)
        check_choice(self, ("learned",), df=self.df)

    @property
    def support(self) -> Support:
        """All finite reals."""
        return REAL

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A mean for each data dimension, and with `decoded` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return location_scale.parameter_shape(self, model)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset, the raw scale (see `location_scale.start`) and raw degrees of freedom, `[]`, if learned."""
        del key
        own = self._start(model, examples, location_scale.mean_of, _scale_of)
        if examples is None or self.start == "unit":
            return own
        # for heavy tails no step leads from the mean to the optimum; for pixels that are mostly 0 none from the median
        starts = stack([own, self._start(model, examples, location_scale.median_of, _robust_scale_of)])
        fitted = jax.lax.map(lambda start: location_scale.fit(self, model, start, examples), starts)
        own = better_member(self, model, fitted, examples)
        if self.df == "learned":
            bounds = (inverse_positive(jnp.asarray(bound, float), MIN_DF) for bound in _FROM_DATA)
            own = {**own, "raw_df": jnp.clip(own["raw_df"], *bounds)}
        return own

    def _start(
        self,
        model: ModelParts,
        examples: Array | None,
        center_of: Callable[[Array], Array],
        scale_of: Callable[..., Array],
    ) -> Params:
        own = location_scale.start(self, model, examples, center_of, scale_of)
        if self.df == "learned":
            own = {**own, "raw_df": inverse_positive(jnp.asarray(START_DF, float), MIN_DF)}
        return own

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.StudentT:
        """p(x|z) over `data_shape`."""
        del model
        df = positive(params["likelihood"]["raw_df"], MIN_DF) if isinstance(self.df, str) else jnp.asarray(self.df)
        return distributions.StudentT(df, *location_scale.location_and_scale(self, params, outputs))

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """X in units of the training examples if the mean may be any real, else x itself; `data_shape`."""
        del model
        return location_scale.encoder_input(params, x)
