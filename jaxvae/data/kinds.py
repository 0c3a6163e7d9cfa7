"""The kind of numbers in each column of a table, as far as the values show it."""

import numpy as np

from jaxvae.numerics import SMALLEST_NORMAL

_DEVIATIONS = 3.0  # a column counts as positive if a normal one would reach 0 within so many of them
_LEAST_SPREAD, _LEAST_DISPERSION = 0.02, 0.5  # of counts: deviation over mean, variance over mean


def infer_columns(table: np.ndarray) -> tuple[str, ...]:
    """The kind of each column, for `jaxvae.likelihoods.Mixed`: `binary`, `count`, `positive` or `real`.

    `binary` holds only 0 and 1. `count` holds whole numbers >= 0 with the variance of counts; years, or numbers far
    from 0, have a smaller one. `positive` holds numbers above 0 for which a normal distribution of the same mean and
    deviation would continue below 0. All others are `real`. Codes of classes look like counts: name them
    `categorical:K` or `ordinal:K` yourself.

    Args:
        table: `[examples, columns]`, without NaN, in its stored type: float32 rounds large numbers to whole ones.

    >>> ages_sex_pay_heat = np.array([[31, 0, 900.5, -3.5], [62, 1, 0.5, 21.0], [7, 1, 31.5, 4.5]])
    >>> infer_columns(ages_sex_pay_heat)
    ('count', 'binary', 'positive', 'real')
    """
    return tuple(kind_of(column) for column in np.asarray(table).T)


def kind_of(column: np.ndarray) -> str:
    """The kind of one column, see `infer_columns`."""
    column = np.asarray(column, np.float64)
    if np.all((column == 0) | (column == 1)):
        return "binary"
    least, mean, deviation = column.min(), column.mean(), column.std()
    if np.all(column == np.round(column)):
        is_spread = deviation > _LEAST_SPREAD * mean and deviation**2 > _LEAST_DISPERSION * mean
        return "count" if least >= 0 and is_spread else "real"
    return "positive" if least >= SMALLEST_NORMAL and mean < _DEVIATIONS * deviation else "real"
