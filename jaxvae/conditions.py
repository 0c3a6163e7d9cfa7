"""What encoder, decoder and a conditional prior are told of one example: a row of known columns."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxvae.checks import as_numbers
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
            raise UserError(
                f"Condition.drop (`drop_condition` of a run) must be > 0 and < 1, got {self.drop!r}: leave it out to "
                f"drop none"
            )

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
        """What the networks see of a row `[columns]`, `[size]`; of a row with NaN, the vector of a dropped one.

        It is NaN for a row that no example has: a class that there is not, an infinite number, NaN where none is
        dropped. `check` refuses such rows; under `jit` they are not known.
        """
        own = params["condition"]
        units = jax.lax.stop_gradient(own["fixed"])
        is_dropped = jnp.any(jnp.isnan(row))
        if self.drop is not None:
            row = jnp.where(is_dropped, 0.0, row)
        shown, is_right = [], jnp.all(jnp.isfinite(row))
        for d, kind in enumerate(self.columns):
            classes = _num_classes(kind)
            if classes is None:
                shown.append(((row[d] - units["center"][d]) / units["spread"][d])[None])
            else:
                is_class = row[d] == jnp.arange(classes).astype(row.dtype)
                is_right &= jnp.any(is_class)
                shown.append(is_class.astype(row.dtype))
        features = jnp.where(is_right, jnp.concatenate(shown), jnp.nan)
        return features if self.drop is None else jnp.where(is_dropped, own["dropped"], features)

    def check(self, rows: np.ndarray, where: str) -> None:
        """Check that known rows `[n, columns]` are finite numbers, and classes of these columns.

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
            if infinite := int(np.isinf(column).sum()):
                raise UserError(
                    f"{where} must hold finite numbers, got {infinite:,} infinite ones, the first in column {d}: leave "
                    f"those examples out"
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
        value: c, a row, a number if there is one column, or None where the example has none.
        key: for dropping it in training, or None.

    Raises:
        UserError: if the model has no condition, or c is not a row of it.
    """
    if value is None:
        says_nothing = condition is None or condition.drop is None or isinstance(condition, KnownCondition)
        return condition if says_nothing else hidden_condition(condition)
    if condition is None:
        raise UserError(
            "the model has no condition, got one: build the model with "
            "condition=Condition(('categorical:10',)), or leave it out"
        )
    described, wanted = description_of(condition), "a condition"
    numbers, count = as_numbers(value, wanted), len(described.columns)
    if numbers.shape != (count,) and not (numbers.shape == () and count == 1):
        raise UserError(
            f"{wanted} must have shape ({count},), one number for each of {', '.join(described.columns)}, got "
            f"{numbers.shape}"
        )
    row = jnp.atleast_1d(jnp.asarray(numbers)).astype(float)
    if not isinstance(numbers, Tracer):
        described.check(np.atleast_1d(np.asarray(numbers, np.float64))[None], wanted)
    elif described.drop is not None:
        row = jnp.where(jnp.isnan(row), jnp.inf, row)  # not known, which is wrong, rather than dropped
    if key is not None and described.drop is not None:
        row = jnp.where(jax.random.bernoulli(key, described.drop), jnp.nan, row)
    return KnownCondition(described, row)


def hidden_condition(condition: Any) -> KnownCondition:
    """The condition of a model as one that is not told, even after one was given.

    Raises:
        UserError: if the model has none, or never dropped it in training.
    """
    if condition is None:
        raise UserError("the model has no condition that could be hidden, got None for one: use the model as it is")
    described = description_of(condition)
    if described.drop is None:
        raise UserError(
            "to hide a condition the model must have been trained without it at times, got a Condition without `drop`: "
            "give one, or build it as Condition(columns, drop=0.1) (`drop_condition=0.1` of a run)"
        )
    return KnownCondition(described, jnp.full(len(described.columns), jnp.nan))


def description_of(condition: Any) -> Any:
    """What a model's condition describes, also where it is that of one example."""
    return condition.description if isinstance(condition, KnownCondition) else condition


def check_condition(owner: object, condition: Any) -> None:
    """Check that the `condition` of a model is a description of one, or None.

    Raises:
        UserError: naming what came, and how it is written.
    """
    if condition is None or isinstance(condition, (Condition, KnownCondition)):
        return
    columns = (condition,) if isinstance(condition, str) else condition
    shown = repr(columns) if isinstance(columns, tuple) else "('categorical:10',)"
    raise UserError(
        f"{type(owner).__name__}.condition must be a jaxvae.Condition, got "
        f"{condition.__name__ if isinstance(condition, type) else repr(condition)}: write Condition({shown})"
    )
