"""What encoder, decoder and a conditional prior are told of one example: a row of known columns."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxvae.errors import UserError
from jaxvae.likelihoods.units import center_and_spread
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params

_KINDS = "real or categorical:K with K >= 2 classes"


@dataclass
class Condition:
    """The columns of a condition c, which encoder, decoder and a conditional prior are told.

    p(x|c) = ∫ p(x|z, c) p(z|c) dz. A `real` column is shown in units of its training values, (c − mean) / spread; a
    `categorical:K` column, of the codes 0 … K − 1, as a one-hot vector. Networks see them beside their input: behind
    the numbers of a vector, or as channels of an image. Sohn, Lee and Yan 2015.

    Args:
        columns: the kind of each column of c in order: `("categorical:10",)` for the labels of digits.
        drop: probability with which a training step hides c and shows a learned vector instead, so that the model also
            works without c. By default c is always needed.

    Raises:
        UserError: for an unknown kind, no column, or a probability outside (0, 1).

    Example:
        >>> import jaxvae as jv
        >>> model = jv.VAE((4,), 2, condition=Condition(("categorical:3", "real")))
        >>> params = jv.init(model, jax.random.key(0))
        >>> x = jv.Observation(jnp.ones(4), condition=jnp.array([2.0, 0.5]))
        >>> jv.elbo(model, params, jax.random.key(1), x).value.shape
        ()
    """

    columns: tuple[str, ...]
    drop: float | None = None

    def __post_init__(self) -> None:
        if not self.columns or isinstance(self.columns, str):
            raise UserError(f"the columns of a condition must be a tuple of kinds, {_KINDS}, got {self.columns!r}")
        for kind in self.columns:
            _num_classes(kind)
        if isinstance(self.drop, float) and not 0.0 < self.drop < 1.0:
            raise UserError(f"Condition.drop must be > 0 and < 1, got {self.drop!r}: leave it out to drop none")

    @property
    def size(self) -> int:
        """How many numbers the networks see."""
        return sum(_num_classes(kind) or 1 for kind in self.columns)

    @property
    def num_classes(self) -> int | None:
        """The number of classes if c is one class, else None."""
        return _num_classes(self.columns[0]) if len(self.columns) == 1 else None

    def init(self, conditions: Array | None) -> Params:
        """The units of the real columns, from training conditions `[n, columns]`; the vector of a dropped c."""
        count = len(self.columns)
        units = {"center": jnp.zeros(count), "spread": jnp.ones(count)}
        if conditions is not None:
            center, spread = center_and_spread(conditions, axis=0)
            units = {"center": center, "spread": spread}
        return {"fixed": units} | ({} if self.drop is None else {"dropped": jnp.zeros(self.size)})

    def vector(self, params: Params) -> Array:
        """What the networks see of c, `[size]`.

        Raises:
            UserError: since the model is not yet `given` one.
        """
        del params
        raise UserError(
            "the model has a condition, got none: write Observation(x, condition=c) for an example, and "
            "jaxvae.given(model, c) to decode or to sample"
        )

    def features(self, params: Params, row: Array) -> Array:
        """What the networks see of a row `[columns]`, `[size]`; of a row with NaN, the vector of a dropped one."""
        own = params["condition"]
        units = jax.lax.stop_gradient(own["fixed"])
        is_known = ~jnp.any(jnp.isnan(row))
        row = jnp.where(is_known, row, 0.0)
        shown = []
        for d, kind in enumerate(self.columns):
            classes = _num_classes(kind)
            if classes is None:
                shown.append(((row[d] - units["center"][d]) / units["spread"][d])[None])
            else:
                shown.append((row[d] == jnp.arange(classes).astype(row.dtype)).astype(row.dtype))
        features = jnp.concatenate(shown)
        return features if self.drop is None else jnp.where(is_known, features, own["dropped"])

    def check(self, rows: np.ndarray, where: str) -> None:
        """Check that known rows `[n, columns]` are numbers, and classes of these columns.

        Raises:
            UserError: naming the column, what came and what there is.
        """
        for d, kind in enumerate(self.columns):
            column, classes = rows[:, d], _num_classes(kind)
            if np.isnan(column).any():
                raise UserError(
                    f"{where} must be known for every example, got NaN in {int(np.isnan(column).sum()):,} of "
                    f"{len(column):,} in column {d}: fill it, or leave those examples out"
                )
            if classes is not None and (wrong := column[(column != np.round(column)) | (column < 0)
                                                        | (column >= classes)]).size:  # fmt: skip
                raise UserError(
                    f"{where} must hold classes 0 to {classes - 1} in column {d}, got {wrong[0]:g}: give one of the "
                    f"training classes"
                )


def _num_classes(kind: str) -> int | None:
    """K of `categorical:K`, None for `real`."""
    name, _, number = str(kind).partition(":")
    if name == "real" and not number:
        return None
    if name == "categorical" and number.isdecimal() and int(number) >= 2:
        return int(number)
    raise UserError(f"the columns of a condition must be {_KINDS}, such as categorical:10; got {kind!r}")


@dataclass
class KnownCondition:
    """The condition of one example.

    Args:
        description: its columns.
        row: c, `[columns]`; NaN where it was dropped.
    """

    description: Condition
    row: Array

    @property
    def drop(self) -> float | None:
        """As described."""
        return self.description.drop

    @property
    def size(self) -> int:
        """How many numbers the networks see."""
        return self.description.size

    def init(self, conditions: Array | None) -> Params:
        """The parameters of the description."""
        return self.description.init(conditions)

    def vector(self, params: Params) -> Array:
        """What the networks see of c, `[size]`."""
        return self.description.features(params, self.row)


def known_condition(condition: Any, value: Any, key: Key | None) -> Any:
    """The condition of a model for ONE example whose condition is `value`; `condition` itself where nothing changes.

    Args:
        condition: of the model: None, a description, or the condition of an example.
        value: c, a row, a number if there is one column, or None where it is not given.
        key: for dropping it in training, or None.

    Raises:
        UserError: if the model has no condition, or c is not a row of it.
    """
    if value is None and (condition is None or condition.drop is None or isinstance(condition, KnownCondition)):
        return condition
    if condition is None:
        raise UserError(
            "the model has no condition, got an Observation with one: build the model with "
            "condition=Condition(('categorical:10',)), or leave it out"
        )
    described = condition.description if isinstance(condition, KnownCondition) else condition
    count = len(described.columns)
    if value is None:
        return KnownCondition(described, jnp.full(count, jnp.nan))
    row = jnp.atleast_1d(jnp.asarray(value)).astype(float)
    if row.shape != (count,):
        raise UserError(
            f"a condition must have shape ({count},), one number for each of {', '.join(described.columns)}, got "
            f"{jnp.shape(value)}"
        )
    if not isinstance(row, Tracer):
        described.check(np.asarray(row)[None], "a condition")
    if key is not None and described.drop is not None:
        row = jnp.where(jax.random.bernoulli(key, described.drop), jnp.nan, row)
    return KnownCondition(described, row)
