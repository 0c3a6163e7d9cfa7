"""From the values of flags to data, a training description and its first state."""

import dataclasses
import enum
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.cli.flags import pick
from jaxvae.data import Dataset, Preprocessing, load, with_validation_fraction
from jaxvae.data.records import Records
from jaxvae.errors import UserError
from jaxvae.likelihoods import Likelihood, Mixed
from jaxvae.likelihoods.support import BINARY
from jaxvae.networks import Bfloat16, Network, Rematerialized
from jaxvae.runs.choose_likelihood import is_table, likelihood_for
from jaxvae.runs.data_support import check_support, last_level
from jaxvae.training import Optimizer, Training, TrainState, create_state, train_epoch, validate
from jaxvae.training.memory import check_state_fits
from jaxvae.typing import Array, Key
from jaxvae.vae import VAE

EXAMPLES_FOR_INIT = 10_000  # largest number of training examples from which components start


@dataclasses.dataclass(frozen=True)
class DataFlags:
    """The data, and how grey levels become x.

    Args:
        data: digits, shapes, mnist, fashion_mnist, binarized_mnist or another image set of tensorflow-datasets; or the
            path of a .npz, .npy or .array_record file or of a folder of images, of folders of classes, or of train, val
            and test.
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

    def __post_init__(self) -> None:
        if not self.data:
            raise UserError("--data needs a name or a path, got nothing: leave it out for digits")


@dataclasses.dataclass(frozen=True)
class ComputeFlags:
    """How encoder and decoder are computed.

    Args:
        precision: float32, or bfloat16 for the networks only: parameters, updates and log-densities stay in float32.
        remat: compute hidden values again in the backward pass instead of keeping them: less memory, more time.
    """

    precision: Literal["float32", "bfloat16"] = "float32"
    remat: bool = False

    def wrap(self, network: Network) -> Network:
        """The network in the chosen precision."""
        network = Bfloat16(network) if self.precision == "bfloat16" else network
        return Rematerialized(network) if self.remat else network


class Setup(NamedTuple):
    """All parts of a run, with options that depend on the training set as numbers."""

    dataset: Dataset
    training: Training
    notes: tuple[str, ...] = ()
    """Notes on how the data were read and what was found."""


def load_data(flags: DataFlags) -> Dataset:
    """The data that the flags name.

    Raises:
        UserError: if they are missing or cannot be read.
    """
    of_files = {"channels": flags.channels, "maximum": flags.maximum, "offsets": flags.offsets}
    dataset = load(flags.data, flags.data_dir, stream=flags.stream, **of_files)  # type: ignore[arg-type]
    if flags.validation_fraction is None:
        return dataset
    check_in_memory(dataset, "--validation_fraction moves examples from one split to another")
    return with_validation_fraction(dataset, flags.validation_fraction)


def check_in_memory(dataset: Dataset, what: str) -> None:
    """Check that the training examples are in memory, for steps that need all of them at once.

    Raises:
        UserError: if they stay on disk.
    """
    if isinstance(dataset.train.images, Records):
        raise UserError(f"{what} and needs training examples in memory, got {dataset.name}, where they stay on disk")


def set_up(values: dict[str, Any], dataset: Dataset | None = None) -> Setup:
    """Load the data, unless they are given, and build the descriptions.

    Raises:
        UserError: if the data cannot be read, or the likelihood has no density for them.
    """
    flags: DataFlags = pick(DataFlags, values)
    dataset = load_data(flags) if dataset is None else dataset
    notes = dataset.notes
    named: Likelihood | None = values["likelihood"]
    if named is None:
        named, reason = likelihood_for(dataset, flags)
        notes = (*notes, f"likelihood {type(named).__name__}, since {reason}; --likelihood takes another")
    likelihood: Likelihood = _in_units(named, flags.standardize).for_data(last_level(dataset, flags.binarize))
    optimizer = pick(Optimizer, values)
    support = likelihood.support
    if (support.is_discrete or support.is_raw) and (flags.dequantize or flags.symmetric):
        raise UserError(
            f"--dequantize and --symmetric need a likelihood with a density, got {type(likelihood).__name__}, which is "
            f"one of discrete values: take `likelihood=Normal()`, or leave them out"
        )
    preprocessing = Preprocessing(
        maximum=dataset.maximum,
        binarize=flags.binarize or _default_binarization(likelihood, dataset),
        dequantize=flags.dequantize,
        symmetric=flags.symmetric,
        scale=_default_scale(likelihood, dataset) if flags.scale is None else flags.scale,
    )
    compute: ComputeFlags = pick(ComputeFlags, values)
    networks = {name: compute.wrap(values[name]) for name in ("encoder", "decoder")}
    model = pick(VAE, values, data_shape=dataset.data_shape, likelihood=likelihood, **networks)
    check_support(likelihood, preprocessing, dataset)
    images = dataset.train.images
    described: Training = pick(Training, values, model=model, preprocessing=preprocessing, optimizer=optimizer)
    training = described.for_examples(len(images))
    training.objective.check_run(training.num_steps(len(images)), preprocessing.data_range(images))
    return Setup(dataset, training, notes)


@partial(jax.jit, static_argnames="num_examples")
def _create(training: Training, key: Key, raw: Array, num_examples: int) -> TrainState:
    return create_state(training, key, training.preprocessing.expected(raw), num_examples)


def first_state(setup: Setup, seed: int) -> TrainState:
    """The state before the first step of a run."""
    return create_run_state(setup.training, setup.dataset, seed, Stream.TRAINING)


def create_run_state(training: Training, dataset: Dataset, seed: int, stream: "Stream") -> TrainState:
    """The state before the first step of a training on the data of a run, with one of its streams."""
    images = dataset.train.images
    chosen = np.random.default_rng(seed).permutation(len(images))[:EXAMPLES_FOR_INIT]  # files may be sorted by class
    examples = jnp.asarray(images[np.sort(chosen)])
    return _create(training, stream_key(seed, stream), examples, num_examples=len(images))


class Stream(enum.IntEnum):
    """The uses of randomness in a run; each has its own key."""

    TRAINING = 0
    EXAMPLES = 1
    """Preprocessing of the training examples for the baseline."""
    EVALUATION = 2
    SAMPLES = 3
    PICTURES = 4
    """Draws for pictures, if the posterior or the likelihood has no mean."""
    CODES = 5
    """Codes of training examples, to fit a density."""
    DIAGNOSTICS = 6
    GAPS = 7
    ANNEALING = 8
    GENERATED = 9
    """Generated examples, to compare with the test set."""
    NEIGHBOURS = 10
    """log p(x) of nearest neighbours."""
    AUTOENCODER = 11
    """The autoencoder whose codes are compared with the model's."""


def stream_key(seed: int, stream: Stream) -> Key:
    """The key of one stream of a run."""
    return jax.random.fold_in(jax.random.key(seed), stream)


def state_shapes(setup: Setup) -> TrainState:
    """Shapes and types of the state of a run; nothing is compiled and nothing runs."""
    images = setup.dataset.train.images
    for_init = jax.ShapeDtypeStruct((min(len(images), EXAMPLES_FOR_INIT), *images.shape[1:]), images.dtype)
    return jax.eval_shape(partial(_create, num_examples=len(images)), setup.training, jax.random.key(0), for_init)


def check_traces(setup: Setup) -> None:
    """Trace the start, training and validation; nothing is compiled and nothing runs.

    Raises:
        UserError: for a model that is too large for the memory.
        Exception: any error in a component.
    """
    training, dataset = setup.training, setup.dataset
    images = jax.ShapeDtypeStruct(dataset.train.images.shape, dataset.train.images.dtype)
    validation = jax.ShapeDtypeStruct(dataset.validation.images.shape, jnp.float32)
    state = state_shapes(setup)
    check_state_fits(state)
    after, _ = jax.eval_shape(train_epoch, training, state, images)
    jax.eval_shape(validate, training, after, validation)


def warm_up_warning(setup: Setup) -> str | None:
    """A line for a run that ends within the warm-up of its objective, else None."""
    last = setup.training.num_steps(len(setup.dataset.train.images))
    needed = setup.training.objective.warmup_steps
    if needed <= last:
        return None
    return (
        f"the objective's schedule ends at step {needed:,}, the run at {last:,}: no validation score counts, and the "
        f"last epoch counts as the best; shorten the schedule or raise --epochs"
    )


def check_epochs(training: Training, state: TrainState, at_least: int = 0) -> None:
    """Check that a run has not passed its last epoch, and that enough epochs remain.

    Raises:
        UserError: if it has passed it, or if too few remain.
    """
    done, epochs = int(state.epoch), training.num_epochs
    if done > epochs:
        raise UserError(f"--epochs must be >= {done}, the epochs of the run so far, got {epochs}")
    if epochs - done < at_least:
        raise UserError(
            f"--profile records the second epoch from now on, got {epochs - done} to come: raise --epochs to "
            f"{done + at_least}"
        )


def _in_units(likelihood: Likelihood, standardize: bool | None) -> Likelihood:
    """The likelihood with or without units of the training data.

    Raises:
        UserError: if the likelihood has no such option.
    """
    if standardize is None or (standardize and isinstance(likelihood, Mixed)):
        return likelihood
    if not hasattr(likelihood, "start"):
        raise UserError(
            f"--standardize is for Normal, Laplace, Logistic and StudentT, got {type(likelihood).__name__}: leave it "
            f"out"
        )
    return dataclasses.replace(likelihood, start="data" if standardize else "unit")  # type: ignore[type-var]


def _default_scale(likelihood: Likelihood, dataset: Dataset) -> bool:
    """Grey levels become shares of the largest; whole numbers of a table stay, unless x must be levels."""
    support = likelihood.support
    return not support.is_raw and not (is_table(dataset) and support.num_levels is None)


def _default_binarization(likelihood: Likelihood, dataset: Dataset) -> Literal["none", "dynamic"]:
    is_binary_already = dataset.maximum == 1
    return "dynamic" if likelihood.support == BINARY and not is_binary_already else "none"
