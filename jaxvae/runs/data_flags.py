"""Which data a run is trained on, and how they are read."""

import dataclasses
from typing import Literal

from jaxvae.data import Dataset, load, with_validation_fraction
from jaxvae.data.records import Records
from jaxvae.errors import UserError


@dataclasses.dataclass(frozen=True)
class DataFlags:
    """The data, and how grey levels become x.

    Args:
        data: digits, shapes, mnist, fashion_mnist, binarized_mnist, another image set of tensorflow-datasets, or a
            path. A path names a .npz, .npy or .array_record file, or a folder of images, of classes, or of train, val
            and test. Or the import path of a function that returns a jaxvae.data.Dataset, with its options in
            parentheses: my_module.load(size=100).
        data_dir: where prepared data sets are kept; by default $JAXVAE_DATA_DIR or ~/.cache/jaxvae.
        validation_fraction: share of the training and validation examples to validate on [fraction]; by default the
            data set's own split.
        stream: leave the training examples of a folder of images on disk and read them as they are needed, for data
            larger than the memory; those of an .array_record file always stay there.
        channels: place of the channels of images in a .npz or .npy file, first or last; by default first if only
            the axis after the examples has 1 to 4 entries.
        maximum: largest grey level of integers [levels]; by default the largest value, or 255 if it is above 127.
        offsets: numbers to subtract from the columns of a table before the cast to float32 [data units]; by default a
            round number if the values are above 2**24 or far from 0 for their range, like time stamps.
        binarize: none, threshold (at half the largest grey level) or dynamic (drawn again at each use in training, once
            with a fixed key for validation and test); by default dynamic for likelihoods of binary data, else none. It
            makes Bernoulli the default likelihood.
        dequantize: add uniform noise of one grey level, so that densities bound probabilities and bits exist.
        symmetric: map [0, 1] to [-1, 1].
        standardize: learn in units of the training data's mean and spread, for each column of a table or for all pixels
            of images; densities and samples keep the units of the data. By default for Normal, Laplace,
            Logistic and StudentT; always for the real columns of Mixed.
        scale: divide integer data by its largest grey level; by default for images, unless the likelihood is one of
            counts, and for tables if the likelihood is one of levels.
        missing: nan: take NaN in a .npz or .npy file for entries that were not seen; where a mask of the file says so,
            NaN needs no flag.
        hide: share of the entries to hide at random, the same in every run, to see how well they are found
            [fraction]; the metrics imputation compare them.
        condition: what encoder, decoder and a conditional prior are told: label, the class of each example; or
            columns:0,3, columns of a table, which are then no part of x.
        drop_condition: probability with which a training step hides the condition, so that the model also works
            without one; by default it never does.
        condition_kinds: the kind of each column of the condition, real or categorical:K of K classes; by default 0 and
            1 are two classes, labels as many as the data have, and other columns are real, also those of whole numbers.
        labels: how many labels of training examples are known, as many of each class; a posterior over classes is told
            them [labels].
        labelled_share: share of the examples of an epoch that are labelled ones, which are repeated [fraction]; by
            default a tenth, if fewer are known.
        labels_seed: number that chooses which labels are known.
    """

    data: str = "digits"
    data_dir: str | None = None
    validation_fraction: float | None = None
    stream: bool = False
    channels: Literal["first", "last"] | None = None
    maximum: int | None = None
    offsets: tuple[float, ...] | None = None
    binarize: Literal["none", "threshold", "dynamic"] | None = None
    dequantize: bool = False
    symmetric: bool = False
    standardize: bool | None = None
    scale: bool | None = None
    missing: Literal["nan"] | None = None
    hide: float | None = None
    condition: str | None = None
    drop_condition: float | None = None
    condition_kinds: tuple[str, ...] | None = None
    labels: int | None = None
    labelled_share: float = 0.1
    labels_seed: int = 0

    def __post_init__(self) -> None:
        if not self.data:
            raise UserError("`data` needs a name or a path, got nothing: leave it out for digits")
        if self.labels is None:
            for name in ("labelled_share", "labels_seed"):
                if getattr(self, name) != getattr(DataFlags, name):
                    raise UserError(f"`{name}` needs known labels, got none: give `labels=100`")


def load_data(flags: DataFlags) -> Dataset:
    """The data that the flags name.

    Raises:
        UserError: if they are missing or cannot be read.
    """
    of_files = {name: getattr(flags, name) for name in ("channels", "maximum", "offsets", "missing")}
    dataset = load(flags.data, flags.data_dir, stream=flags.stream, **of_files)  # type: ignore[arg-type]
    if flags.validation_fraction is None:
        return dataset
    check_in_memory(dataset, "`validation_fraction` moves examples from one split to another")
    return with_validation_fraction(dataset, flags.validation_fraction)


def check_in_memory(dataset: Dataset, what: str) -> None:
    """Check that the training examples are in memory, for a job that needs all of them at once.

    Raises:
        UserError: if they stay on disk.
    """
    if isinstance(dataset.train.values, Records):
        raise UserError(f"{what} and needs training examples in memory, got {dataset.name}, where they stay on disk")
