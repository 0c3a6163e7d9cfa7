"""Mixtures of discretised logistics for grey and colour images, as in PixelCNN++."""

from functools import partial
from typing import Self

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.categorical import smoothed_level_frequencies
from jaxvae.distributions.distribution import align
from jaxvae.distributions.transforms import inverse_positive, positive
from jaxvae.likelihoods.grey_levels import known_levels, with_levels
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.logistic import MIN_SCALE_IN_LEVELS
from jaxvae.likelihoods.masked import check_hidden_last
from jaxvae.likelihoods.maximum_likelihood import a_few, maximum_likelihood, silent_member
from jaxvae.likelihoods.support import MAX_LEVELS, Support, levels
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

_LEAST_LOG_WEIGHT = -7.0  # of a component at the start: a rarer one would give the decoder no gradient
_STEPS, _NUMBERS = 20, 200_000  # of the fit at the start: each number has K components, and is slow


@dataclass
class DiscretizedLogisticMixture(Likelihood):
    """Grey levels: each is a mixture of K logistic variables, rounded to a level; colours one after another.

    P(x_d|z) = Σ_k weight_dk [σ((x_d + δ − loc_dk) / scale_dk) − σ((x_d − δ − loc_dk) / scale_dk)]

    σ is the sigmoid, δ half a level, and the two end levels include the tails. Weights, locations and scales are
    decoded. For images of shape (H, W, 3) the channels of a pixel share the weights, and the locations of green and
    blue depend linearly on the channels before them, with decoded coefficients in (−1, 1). Salimans et al. 2017,
    equations 2 and 3.

    Learned offsets start near the maximum likelihood of the training examples. Their fit begins with components spread
    evenly over [0, 1], weighted by the share of nearby values. Colour images have no closed-form mean: draw samples
    instead.

    Args:
        num_components: K [components].
        num_levels: number of grey levels [levels]: x is g / (num_levels − 1). A run takes it from the data: 256 for
            8-bit images, 17 for digits.

    Raises:
        UserError: for no component, or a number of levels out of range.
    """

    num_components: int = 5
    num_levels: int | None = None

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_components=self.num_components)
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
    def _min_scale(self) -> float:
        return MIN_SCALE_IN_LEVELS / (known_levels(self, "num_levels") - 1)

    def parameter_shape(self, model: ModelParts) -> Shape:
        """`(3 K, *data_shape)`: log-weights, locations, raw scales; for colours `(10 K, H, W, 1)`.

        Each pixel has K log-weights, and for each channel K locations, raw scales and raw coefficients.
        """
        if _is_rgb(model):
            return (10 * self.num_components, *model.data_shape[:-1], 1)
        return (3 * self.num_components, *model.data_shape)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """Offsets of the log-weights, `[*data_shape or H, W, K]`, of the locations and of the raw scales, `[K]`."""
        del key
        count = self.num_components
        scale = max(1.0 / (6.0 * count), 2.0 * self._min_scale)  # 90 % lie within half the way to the next component
        own: Params = {
            "locs": jnp.linspace(0.0, 1.0, count) if count > 1 else jnp.full(1, 0.5, float),
            "raw_scales": inverse_positive(jnp.full(count, scale, float), self._min_scale),
        }
        if examples is None:
            return own | {
                "logits": jnp.zeros((*(model.data_shape[:-1] if _is_rgb(model) else model.data_shape), count))
            }
        channels = examples
        if _is_rgb(model):  # each channel counts as an example of its pixel
            channels = jnp.moveaxis(examples, -1, 0).reshape(-1, *model.data_shape[:-1])
        own |= {"logits": smoothed_level_frequencies(channels, count)}
        own = maximum_likelihood(partial(silent_member, self, model), own, a_few(examples, _NUMBERS), _STEPS)
        least = inverse_positive(jnp.asarray(2.0 * self._min_scale, float), self._min_scale)
        return {
            "locs": own["locs"],
            "raw_scales": jnp.maximum(own["raw_scales"], least),
            "logits": jnp.maximum(jax.nn.log_softmax(own["logits"]), _LEAST_LOG_WEIGHT),
        }

    def distribution(
        self, model: ModelParts, params: Params, outputs: Array
    ) -> distributions.DiscretizedLogisticMixture | distributions.DiscretizedLogisticMixtureRGB:
        """p(x|z) over `data_shape`."""
        own = params["likelihood"]
        if not _is_rgb(model):
            outputs = outputs.reshape(3, self.num_components, *model.data_shape)
            logits, locs, raw_scales = jnp.moveaxis(outputs, 1, -1)  # each [*data_shape, K]
            locs, scales = self._locs_and_scales(own, locs, raw_scales)
            return distributions.DiscretizedLogisticMixture(
                logits + own["logits"], locs, scales, known_levels(self, "num_levels")
            )
        outputs = jnp.moveaxis(outputs.reshape(10, self.num_components, *model.data_shape[:-1]), 1, -1)  # [10, H, W, K]
        locs, raw_scales, raw_coefficients = (jnp.moveaxis(outputs[i : i + 3], 0, -2) for i in (1, 4, 7))
        locs, scales = self._locs_and_scales(own, locs, raw_scales)  # each [H, W, 3, K]
        return distributions.DiscretizedLogisticMixtureRGB(
            outputs[0] + own["logits"], locs, scales, jnp.tanh(raw_coefficients), known_levels(self, "num_levels")
        )

    def _locs_and_scales(self, own: Params, locs: Array, raw_scales: Array) -> tuple[Array, Array]:
        locs, raw_scales, loc_offsets, scale_offsets = align(locs, raw_scales, own["locs"], own["raw_scales"])
        return locs + loc_offsets, positive(raw_scales + scale_offsets, self._min_scale)

    def check_observed(self, model: ModelParts, observed: np.ndarray) -> None:
        """Check that the hidden channels of a colour come after the observed ones."""
        if _is_rgb(model):
            check_hidden_last(self, observed, "the hidden channels of a pixel come last")


def _is_rgb(model: ModelParts) -> bool:
    return len(model.data_shape) == 3 and model.data_shape[-1] == 3
