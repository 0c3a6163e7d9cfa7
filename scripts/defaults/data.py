"""The data of the grid: the library's own by name, others as files that are written where they are first needed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxvae.data import Dataset, load
from jaxvae.data.dataset import Split, split_off
from jaxvae.errors import UserError

MOST_TEST_EXAMPLES = 2_000


class Data(NamedTuple):
    """A data set, and what the command line has to say of it."""

    dataset: Dataset
    flags: tuple[str, ...] = ()


class AbsentError(Exception):
    """Data that are missing; the message names them."""


def _arrays(folder: Path | None, name: str) -> dict[str, np.ndarray]:
    if folder is None:
        raise AbsentError(f"needs {name} in the folder that --data_folder names")
    path = folder / name
    if not path.is_file():
        raise AbsentError(f"needs {name} in --data_folder, where there is none")
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _omniglot(folder: Path | None) -> dict[str, np.ndarray]:
    """Grey ink; the test alphabets are drawn from, so that each has its share."""
    arrays = _arrays(folder, "omniglot/omniglot_28x28_derived.npz")
    train, test = (arrays[name].reshape(-1, 28, 28, 1) for name in ("background", "evaluation"))
    chosen = np.random.default_rng(0).permutation(len(test))[:MOST_TEST_EXAMPLES]
    return {"train": train, "test": test[chosen]}


def _pictures(name: str, folder: Path | None) -> dict[str, np.ndarray]:
    arrays = _arrays(folder, name)
    return {"train": arrays["x_train"], "test": arrays["x_test"]}


def _pbmc(folder: Path | None) -> dict[str, np.ndarray]:
    """Counts of 2,000 genes."""
    from scipy.sparse import csr_matrix

    arrays = _arrays(folder, "scrna/pbmc_4271x2000.npz")
    counts = csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"]))
    return {"all": counts.toarray().astype(np.float32)}


def _binary(name: str, folder: Path | None) -> dict[str, np.ndarray]:
    arrays = _arrays(folder, f"binary_density/{name}.npz")
    return {"train": arrays["train"], "validation": arrays["valid"], "test": arrays["test"]}


def _standardised(name: str, folder: Path | None) -> dict[str, np.ndarray]:
    """A table of scikit-learn, in units of the training split: 80, 10 and 10 % by a fixed permutation."""
    from sklearn import datasets

    del folder
    table = np.random.default_rng(0).permutation(getattr(datasets, f"load_{name}")().data)
    train, validation, test = np.split(table, [int(0.8 * len(table)), int(0.9 * len(table))])
    mean, scale = train.mean(axis=0), train.std(axis=0)
    parts = {"train": train, "validation": validation, "test": test}
    return {part: ((rows - mean) / scale).astype(np.float32) for part, rows in parts.items()}


def _counts(folder: Path | None) -> dict[str, np.ndarray]:
    """A generated table: Poisson counts of 30 columns whose logarithmic rates have three factors."""
    del folder
    rng = np.random.default_rng(0)
    log_rates = 1.0 + rng.normal(size=(2_000, 3)) @ rng.normal(size=(3, 30)) / np.sqrt(3.0)
    return {"all": rng.poisson(np.exp(log_rates)).astype(np.float32)}


def _mixed(name: str, folder: Path | None) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """A table of HI-VAE without the rows that lack a value; its positive columns as log (1 + x)."""
    arrays = _arrays(folder, f"hivae/{name}.npz")
    table = arrays["data"][np.all(np.isfinite(arrays["data"]), axis=1)]
    if "originally_observed" in arrays:
        table = arrays["data"][np.all(arrays["originally_observed"], axis=1)]
    columns = []
    for d, kind in enumerate(arrays["types"]):
        if kind in ("cat", "ordinal"):
            values, table[:, d] = np.unique(table[:, d], return_inverse=True)
            columns.append(f"{'categorical' if kind == 'cat' else 'ordinal'}:{len(values)}")
        else:
            table[:, d] = np.log1p(table[:, d]) if kind == "pos" else table[:, d]
            columns.append("count" if kind == "count" else "real")
    return {"all": table.astype(np.float32)}, ("--likelihood.columns", f"[{','.join(columns)}]")


def _in_three(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Train, validation and test; what is missing is cut off by one fixed permutation."""
    names = ("train", "validation", "test")
    if "all" in arrays:
        return {name: part.values for name, part in zip(names, split_off(Split(arrays["all"]), 0.1, 0.1), strict=True)}
    if "validation" in arrays:
        return arrays
    train, validation = split_off(Split(arrays["train"]), 0.1)
    return {"train": train.values, "validation": validation.values, "test": arrays["test"]}


_FILES: dict[str, Callable[[Path | None], dict[str, np.ndarray]]] = {
    "omniglot": _omniglot,
    "cifar": partial(_pictures, "cifar10_subset/cifar10_train10000_test2000.npz"),
    "kodak": partial(_pictures, "kodak_tiles64/kodak_tiles64.npz"),
    "pbmc": _pbmc,
    "nltcs": partial(_binary, "nltcs"),
    "plants": partial(_binary, "plants"),
    "wine": partial(_standardised, "wine"),
    "cancer": partial(_standardised, "breast_cancer"),
    "counts": _counts,
}
_WITH_COLUMNS = {"adult": "adult", "credit": "default_credit"}
_NAMED = ("digits", "mnist", "fashion_mnist")


def load_data(name: str, folder: Path | None, scratch: Path) -> Data:
    """A data set of the grid.

    Args:
        name: as cases say it.
        folder: where the files of other people's data are, one folder for each source.
        scratch: where the .npz files go that the library reads.

    Raises:
        AbsentError: if it is missing.
    """
    if name in _NAMED:
        try:
            return Data(load(name))
        except UserError as error:
            raise AbsentError(str(error)) from error
    flags: tuple[str, ...] = ()
    if name in _WITH_COLUMNS:
        arrays, flags = _mixed(_WITH_COLUMNS[name], folder)
    else:
        arrays = _FILES[name](folder)
    path = scratch / f"{name}.npz"
    np.savez(path, **_in_three(arrays))
    return Data(load(str(path)), flags)
