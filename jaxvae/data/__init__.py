"""Data sets: embedded digits, named sets of tensorflow-datasets, the user's files; and how they become x."""

from jaxvae.data.dataset import Dataset, Split, with_validation_fraction
from jaxvae.data.folds import folds
from jaxvae.data.kinds import infer_columns
from jaxvae.data.load import load
from jaxvae.data.prepare import prepare
from jaxvae.data.preprocessing import Preprocessing, content_hash
from jaxvae.data.records import Records, write_records

__all__ = [
    "Dataset",
    "Preprocessing",
    "Records",
    "Split",
    "content_hash",
    "folds",
    "infer_columns",
    "load",
    "prepare",
    "with_validation_fraction",
    "write_records",
]
