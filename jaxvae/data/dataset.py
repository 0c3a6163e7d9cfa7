"""The value that every loader returns: three splits of one kind of example."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from jaxvae.errors import UserError
from jaxvae.observation import Observation
from jaxvae.typing import Shape

SPLIT_SEED = 0  # of the one permutation for every split that no paper fixes: the same examples on every machine


@dataclass(frozen=True, eq=False)
class Split:
    """Examples in a fixed order, and what is known of them.

    Shapes: `values` [N, *data_shape], uint8 grey levels or float32; `labels` [N] int64, their classes, −1 where one is
    not known, or None; `factors` [N, factors] int64, the number of each factor's value, or None; `observed`
    [N, *data_shape] bool, which entries were seen, None for all; `conditions` [N, columns] float32, what the model is
    told of each, or None; `placeholders` [N, *data_shape] bool, where values are not known but stand for hidden ones,
    or None; `known_labels` [N] int, the classes that training is told, −1 where it is not, or None. `num_distinct`: how
    many examples come before those that repeat earlier ones, None for all.
    """

    values: np.ndarray
    labels: np.ndarray | None = None
    factors: np.ndarray | None = None
    observed: np.ndarray | None = None
    conditions: np.ndarray | None = None
    placeholders: np.ndarray | None = None
    known_labels: np.ndarray | None = None
    num_distinct: int | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def all_labels(self) -> np.ndarray | None:
        """The labels if the class of every example is known, else None."""
        return None if self.labels is None or bool((self.labels < 0).any()) else self.labels

    def take(self, index: slice | np.ndarray) -> "Split":
        """The examples at `index`, in that order; a slice copies nothing."""
        parts: list[Any] = [getattr(self, name) for name in _ROWS]
        return Split(*(None if part is None else part[index] for part in parts))  # type: ignore[arg-type]

    @property
    def distinct(self) -> "Split":
        """The examples without those that repeat earlier ones, for statistics of the data."""
        return self if self.num_distinct is None else self.take(slice(self.num_distinct))

    def examples(self, values: Any = None) -> Any:
        """The values, or others in their place, as an `Observation` if entries are hidden or there is a condition."""
        values = self.values if values is None else values
        known = (self.observed, self.conditions)
        return values if all(part is None for part in known) else Observation(values, *known)

    def training_examples(self, values: Any = None) -> Any:
        """The same as an objective sees them in training: with the known labels."""
        if self.known_labels is None:
            return self.examples(values)
        values = self.values if values is None else values
        return Observation(values, self.observed, self.conditions, self.known_labels)


_ROWS = tuple(field.name for field in fields(Split) if field.name != "num_distinct")
"""The fields with a row for each example."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Train, validation and test examples of one shape and dtype.

    `maximum` is the largest grey level that uint8 data can hold (255; 16 for digits; 1 for binary data), None for
    float32 data. `factor_names` name the columns of every split's `factors`, if these are known. `label_names` name the
    classes 0, 1, …, if they have names. `notes` say what was done to read the data. For tables from files, `offsets`
    were subtracted from the columns, and `columns` are their kinds (`infer_columns`).

    Raises:
        UserError: if the splits are not arrays, differ in shape or dtype, or hold no example, if labels or factors do
            not match values, or if `maximum` is below 1.

    >>> zeros = np.zeros((3, 8, 6, 1), np.uint8)
    >>> Dataset("zeros", train=Split(zeros), validation=Split(zeros), test=Split(zeros), maximum=1).data_shape
    (8, 6, 1)
    """

    name: str
    train: Split
    validation: Split
    test: Split
    maximum: int | None
    factor_names: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    offsets: tuple[float, ...] = ()
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for split, part in self.splits.items():
            if not isinstance(part, Split) or not hasattr(part.values, "dtype"):
                got = f"values of {type(part.values).__name__}" if isinstance(part, Split) else type(part).__name__
                raise UserError(
                    f"{self.name}: {split} must be a Split of arrays, got {got}; write Split(np.asarray(…))"
                )
        kinds = {split: f"{part.values.dtype} {part.values.shape[1:]}" for split, part in self.splits.items()}
        if len(set(kinds.values())) != 1:
            got = ", ".join(f"{split} {kind}" for split, kind in kinds.items())
            raise UserError(
                f"{self.name}: train, validation and test must hold examples of one dtype and shape, got {got}; "
                "save them as arrays that differ in their first axis only"
            )
        if self.train.values.dtype not in (np.uint8, np.float32):
            raise UserError(
                f"{self.name}: values must be uint8 (grey levels) or float32, got {self.train.values.dtype}; "
                "convert them with values.astype"
            )
        if (self.maximum is None) != (self.train.values.dtype == np.float32):
            raise UserError(
                f"{self.name}: maximum is the largest grey level of uint8 values and None for float32 ones, "
                f"got {self.maximum} for {self.train.values.dtype}"
            )
        if self.maximum is not None and self.maximum < 1:
            raise UserError(f"{self.name}: maximum must be >= 1, the largest grey level, got {self.maximum}")
        for split, part in self.splits.items():
            if len(part) == 0:
                raise UserError(
                    f"{self.name}: split {split!r} must hold at least one example, got 0; add examples to it"
                )
            _check_known(f"{self.name}: {{}} of split {split!r}", part)
            if part.labels is not None and part.labels.shape != (len(part),):
                raise UserError(
                    f"{self.name}: labels of split {split!r} must have shape ({len(part)},), one for each image, "
                    f"got {part.labels.shape}"
                )
            factors_shape = None if part.factors is None else part.factors.shape
            if factors_shape != ((len(part), len(self.factor_names)) if self.factor_names else None):
                raise UserError(
                    f"{self.name}: factors of split {split!r} must have shape (examples, names), here "
                    f"({len(part)}, {len(self.factor_names)}), and be left out if there are no names, "
                    f"got {factors_shape}"
                )

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def data_shape(self) -> Shape:
        """Shape of ONE example."""
        return self.train.values.shape[1:]


def _check_known(what: str, part: Split) -> None:
    """Check the shapes of the masks and conditions of a split.

    Raises:
        UserError: naming what came and what is expected.
    """
    for name in ("observed", "placeholders"):
        mask = getattr(part, name)
        if mask is not None and (mask.shape != part.values.shape or mask.dtype != bool):
            raise UserError(
                f"{what.format(name)} must be bool of the shape of its values, {part.values.shape}, got {mask.dtype} "
                f"of shape {mask.shape}"
            )
    if part.observed is not None and not part.observed.any():
        raise UserError(f"{what.format('observed')} must be True for some entries, got none: all are hidden")
    if part.conditions is not None and (part.conditions.ndim != 2 or len(part.conditions) != len(part)):
        raise UserError(
            f"{what.format('conditions')} must have shape [{len(part)}, columns], one row for each example, got "
            f"{part.conditions.shape}"
        )


def concatenate(*splits: Split) -> Split:
    """All examples of `splits` in order; what is known of them only if it is known in every split."""

    def joined(parts: list[np.ndarray | None]) -> np.ndarray | None:
        known = [part for part in parts if part is not None]
        return np.concatenate(known) if len(known) == len(parts) else None

    return Split(*(joined([getattr(split, name) for split in splits]) for name in _ROWS))  # type: ignore[arg-type]


def split_off(split: Split, *fractions: float) -> tuple[Split, ...]:
    """Cut `split` into a first part and one part for each of `fractions` of it, by one fixed permutation.

    Every part holds at least one example.

    Raises:
        UserError: if there are fewer examples than parts.

    >>> [len(part) for part in split_off(Split(np.zeros((1797, 64))), 0.1, 0.1)]
    [1437, 180, 180]
    """
    if len(split) <= len(fractions):
        raise UserError(
            f"a split into {len(fractions) + 1} parts needs at least {len(fractions) + 1} examples, got {len(split)}; "
            "add examples"
        )
    sizes = [max(1, round(fraction * len(split))) for fraction in fractions]
    order = np.random.default_rng(SPLIT_SEED).permutation(len(split))
    bounds = np.cumsum([len(split) - sum(sizes), *sizes])[:-1]
    return tuple(split.take(index) for index in np.split(order, bounds))


def with_validation_fraction(dataset: Dataset, fraction: float) -> Dataset:
    """Pool train and validation in order and make the LAST `fraction` of the pool (in (0, 1)) the validation split.

    Raises:
        UserError: if `fraction` is not between 0 and 1.

    >>> images = np.zeros((10, 8, 6, 1), np.uint8)
    >>> ten_each = Dataset("zeros", train=Split(images), validation=Split(images), test=Split(images), maximum=1)
    >>> len(with_validation_fraction(ten_each, 0.2).validation)
    4
    """
    if not 0 < fraction < 1:
        raise UserError(f"the validation fraction must lie between 0 and 1, got {fraction}; 0.2 holds out every fifth")
    pool = concatenate(dataset.train, dataset.validation)
    size = min(max(1, round(fraction * len(pool))), len(pool) - 1)
    train, validation = pool.take(slice(-size)), pool.take(slice(-size, None))
    return replace(dataset, train=train, validation=validation)
