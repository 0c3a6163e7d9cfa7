"""A softmax over the grey levels for each dimension."""

from typing import Self

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.categorical import smoothed_level_frequencies
from jaxvae.fast import plus_bias
from jaxvae.likelihoods.grey_levels import known_levels, with_levels
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import MAX_LEVELS, Support, levels
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


@dataclass
class Categorical(Likelihood):
    """Independent dimensions with one probability for each grey level: a 256-way softmax for 8 bits.

    P(x_d = g / (num_levels − 1) | z) = softmax(decoder(z)_d + offset_d)_g

    It does not use the order of the levels. van den Oord, Kalchbrenner and Kavukcuoglu 2016, section 2.2. The offset is
    learned. It starts at the logarithms of the levels' shares in the training examples (at 0 without examples), so
    training starts near the best model with independent dimensions.

    Args:
        num_levels: number of grey levels [levels]: x is g / (num_levels − 1). A run takes it from the data: 256 for
            8-bit images, 17 for digits.

    Raises:
        UserError: for a number of levels out of range.
    """

    num_levels: int | None = None

    def __post_init__(self) -> None:
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

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A logit for each level of each data dimension: `(num_levels, *data_shape)`."""
        return (known_levels(self, "num_levels"), *model.data_shape)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset, `[*data_shape, num_levels]`."""
        del key
        if examples is None:
            return {"offset": jnp.zeros((*model.data_shape, known_levels(self, "num_levels")))}
        return {"offset": smoothed_level_frequencies(examples, known_levels(self, "num_levels"))}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.CategoricalLevels:
        """p(x|z) over `data_shape`."""
        del model
        return distributions.CategoricalLevels(plus_bias(jnp.moveaxis(outputs, 0, -1), params["likelihood"]["offset"]))
