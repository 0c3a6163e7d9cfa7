"""Tables with hidden cells, by the protocols of papers on imputation; the files are yours to fetch.

`--data "experiments.reproduce.tables.completely_at_random(name='yeast', seed=3)"` reads `yeast.data` from the folder
`uci` of $JAXVAE_DATA_DIR (by default ~/.cache/jaxvae): winequality-white.csv, winequality-red.csv,
banknote_authentication.csv, concrete.csv and yeast.data of the UCI repository. The breast cancer table comes with
scikit-learn.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from jaxvae.data import Dataset, Split
from jaxvae.data.cache import data_folder
from jaxvae.errors import UserError

_FILES: dict[str, tuple[str, Callable[[Path], np.ndarray]]] = {
    "banknote": ("banknote_authentication.csv", lambda path: np.loadtxt(path, delimiter=",")),
    "concrete": ("concrete.csv", lambda path: np.loadtxt(path, delimiter=",", skiprows=1)),
    "red": ("winequality-red.csv", lambda path: np.loadtxt(path, delimiter=",")),
    "white": ("winequality-white.csv", lambda path: np.loadtxt(path, delimiter=",")),
    "yeast": ("yeast.data", lambda path: np.loadtxt(path, usecols=range(1, 9))),
}


def read(name: str) -> np.ndarray:
    """All columns of a table, the class of wines and banknotes among them, `[rows, columns]`.

    Raises:
        UserError: for an unknown name, or a file that is not there.
    """
    if name == "breast_cancer":
        from sklearn.datasets import load_breast_cancer

        return np.asarray(load_breast_cancer().data)  # type: ignore[attr-defined]
    if name not in _FILES:
        raise UserError(f"name must be one of breast_cancer, {', '.join(_FILES)}, got {name!r}")
    file, load = _FILES[name]
    path = data_folder(None) / "uci" / file
    if not path.is_file():
        raise UserError(f"{file} of the UCI repository must lie in {path.parent}, got none: put it there")
    return load(path)


def completely_at_random(name: str, seed: int = 1234) -> Dataset:
    """Half of all cells hidden completely at random; training, validation and test are all rows.

    The cells are drawn as in the notebooks of Mattei and Frellsen 2019 (MIWAE): `choice(n p, ⌊n p / 2⌋)` without
    replacement, after each column was standardised by all of its values.

    Args:
        name: breast_cancer, banknote, concrete, red, white or yeast.
        seed: of the hidden cells.
    """
    values = _standardised(read(name))
    hidden = np.zeros(values.size, bool)
    hidden[np.random.RandomState(seed).choice(values.size, values.size // 2, replace=False)] = True
    return _dataset(name, values, ~hidden.reshape(values.shape))


def large_values_hidden(name: str = "white") -> Dataset:
    """In the first half of the columns, every value above the column's mean is hidden: missing not at random.

    Of white wine the class is left out, and 5 of 11 columns have hidden cells. Ipsen, Mattei and Frellsen 2021,
    section 5.1 (not-MIWAE).

    Args:
        name: of the table; its last column is left out.
    """
    values = _standardised(read(name)[:, :-1])
    observed = np.ones(values.shape, bool)
    half = values.shape[1] // 2
    observed[:, :half] = values[:, :half] <= values[:, :half].mean(axis=0)
    return _dataset(name, values, observed)


def binary_density(name: str) -> Dataset:
    """One of the twenty binary data sets: nltcs, plants, jester, baudio, …, in their own splits.

    It reads `NAME.npz` with the arrays `train`, `valid` and `test` from the folder `binary_density` of
    $JAXVAE_DATA_DIR. Van Haaren and Davis 2012.

    Raises:
        UserError: for a file that is not there.
    """
    path = data_folder(None) / "binary_density" / f"{name}.npz"
    if not path.is_file():
        raise UserError(f"{path.name} with the arrays train, valid and test must lie in {path.parent}: put it there")
    with np.load(path) as arrays:
        parts = [Split(arrays[split].astype(np.uint8)) for split in ("train", "valid", "test")]
    return Dataset(name, *parts, maximum=1)


def _standardised(values: np.ndarray) -> np.ndarray:
    return ((values - values.mean(axis=0)) / values.std(axis=0)).astype(np.float32)


def _dataset(name: str, values: np.ndarray, observed: np.ndarray) -> Dataset:
    rows = Split(values, observed=observed)
    return Dataset(name, rows, rows, rows, maximum=None)
