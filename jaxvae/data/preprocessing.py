"""From stored grey levels to the values that a likelihood scores, inside the compiled step."""

import hashlib
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.checks import check_choice
from jaxvae.data.records import Records
from jaxvae.errors import UserError
from jaxvae.fast import bernoulli_of_levels, random_words
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Shape

EVALUATION_SEED = 777  # of the one draw of validation and test data, for any seed of the run


@dataclass
class Preprocessing:
    """From raw examples to the x that the model sees.

    Integers g in {0, …, maximum} become g / maximum; `dynamic` binarisation draws x ~ Bernoulli(g / maximum) at each
    use (Salakhutdinov and Murray 2008), `threshold` takes g / maximum ≥ ½; dequantisation takes
    (g + u) / (maximum + 1), u ~ U[0, 1), with which the mean log-density of x plus D log bin_width bounds log P(g)
    from below (Theis, van den Oord and Bethge 2016, section 3.1). Float data passes as it is, and so do integers
    without `scale`.

    Args:
        maximum: largest grey level of integer data; None for float data.
        binarize: `none`, `threshold` or `dynamic`.
        dequantize: add uniform noise of one grey level.
        symmetric: map [0, 1] to [−1, 1] at the end.
        scale: divide integers by `maximum`; without, they are counts or codes.

    Raises:
        UserError: for a combination that has no meaning.
    """

    maximum: int | None = None
    binarize: Literal["none", "threshold", "dynamic"] = "none"
    dequantize: bool = False
    symmetric: bool = False
    scale: bool = True

    def __post_init__(self) -> None:
        check_choice(self, ("none", "threshold", "dynamic"), binarize=self.binarize)
        if self.dequantize and self.binarize != "none":
            raise UserError(
                f"`dequantize` adds noise to grey levels, got binary data: use `binarize='none'`, not {self.binarize}"
            )
        if self.dequantize and self.maximum is None:
            raise UserError("`dequantize` needs integer grey levels (uint8), got float data: leave it out")
        if self.binarize != "none" and self.symmetric:
            raise UserError(f"`symmetric` needs grey data, got `binarize={self.binarize!r}`: use `binarize='none'`")
        if not self.scale and (self.binarize != "none" or self.dequantize or self.symmetric):
            raise UserError(
                "`binarize`, `dequantize` and `symmetric` need grey levels as shares of the largest, got integers as "
                "they are stored: leave them out, or set `scale=True`"
            )

    @property
    def bin_width(self) -> float | None:
        """Width of one grey level [units of x], if a density of x bounds its probability, else None."""
        if not self.dequantize or self.maximum is None:
            return None
        return (2.0 if self.symmetric else 1.0) / (self.maximum + 1)

    def data_range(self, raw: np.ndarray) -> float:
        """Largest minus smallest value that x can have [units of x]; for float data that of the given values."""
        if self.binarize != "none":
            return 1.0
        if self.maximum is None:
            return float(np.max(raw) - np.min(raw)) if raw.size else 0.0
        return (2.0 if self.symmetric else 1.0) * (1.0 if self.scale else float(self.maximum))

    def __call__(self, key: Key, raw: Array) -> Array:
        """x, float32, of the shape of `raw`; noise independent over all axes."""
        if self.binarize == "dynamic" and self.maximum is not None:
            return bernoulli_of_levels(key, raw, self.maximum)
        return self._drawn_from_floats(key, raw)

    def _drawn_from_floats(self, key: Key, raw: Array) -> Array:
        levels = raw.astype(jnp.float32)
        if self.dequantize and self.maximum is not None:
            x = (levels + _inside_a_level(key, raw.shape, self.maximum)) / (self.maximum + 1)
        else:
            x = self._shares(levels)
        if self.binarize == "dynamic":
            x = (jax.random.uniform(key, raw.shape) < x).astype(jnp.float32)  # never 1 at x = 0, always 1 at x = 1
        elif self.binarize == "threshold":
            x = (x >= 0.5).astype(jnp.float32)
        return 2.0 * x - 1.0 if self.symmetric else x

    def expected(self, raw: Array) -> Array:
        """x without noise: grey levels instead of `dynamic` draws, the middle of a level instead of dequantisation."""
        levels = raw.astype(jnp.float32)
        if self.dequantize and self.maximum is not None:
            x = (levels + 0.5) / (self.maximum + 1)
        else:
            x = self._shares(levels)
        if self.binarize == "threshold":
            x = (x >= 0.5).astype(jnp.float32)
        return 2.0 * x - 1.0 if self.symmetric else x

    def _shares(self, levels: Array) -> Array:
        return levels / self.maximum if self.scale and self.maximum is not None else levels

    def examples(self, split: Any, name: Literal["validation", "test"]) -> Any:
        """`for_evaluation` of a `Split`, with the masks and conditions of its examples if there are any."""
        return split.examples(self.for_evaluation(split.values, name))

    def for_evaluation(self, raw: np.ndarray, split: Literal["validation", "test"]) -> Array:
        """The fixed validation or test set: drawn once with a fixed key, the same for every run and seed."""
        split_key = jax.random.fold_in(jax.random.key(EVALUATION_SEED), ("validation", "test").index(split))
        key = jax.random.fold_in(split_key, EVALUATION_SEED)  # two folds deep, so that no seed of a run gives this key
        # by comparing floats, unlike training, so that the sets of published figures stay the same
        return jax.jit(self._drawn_from_floats)(key, jnp.asarray(raw))


def _inside_a_level(key: Key, shape: Shape, maximum: int) -> Array:
    """Noise in (0, 1) that stays within its level when it is added to one of 0, …, maximum in float32.

    The middles of as many equal parts as a sum of the largest level tells apart, and a quotient by maximum + 1.
    """
    bits = max(22 - maximum.bit_length(), 1)
    return ((random_words(key, shape) >> (32 - bits)).astype(jnp.float32) + 0.5) / 2**bits


def content_hash(*examples: Any) -> str:
    """SHA-256 of the values of arrays and their shapes, to see whether two figures were measured on the same ones.

    Args:
        examples: arrays, `Records`, or an `Observation` of them.
    """
    content = hashlib.sha256()
    for array in jax.tree.leaves(examples, is_leaf=lambda leaf: isinstance(leaf, Records)):
        if isinstance(array, Records):
            content.update(array.content_hash().encode())
            continue
        values = np.ascontiguousarray(np.asarray(array, "<f4"))
        content.update(repr(values.shape).encode() + values.tobytes())
    return content.hexdigest()
