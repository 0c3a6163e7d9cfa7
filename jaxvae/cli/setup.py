"""From the values of flags to data, a training description and its first state."""

import dataclasses
import enum
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.cli.components import choices
from jaxvae.cli.flags import pick
from jaxvae.data import Dataset, Preprocessing, load, with_validation_fraction
from jaxvae.errors import UserError
from jaxvae.likelihoods import Likelihood
from jaxvae.likelihoods.support import BINARY
from jaxvae.training import Optimizer, Training, TrainState, create_state, train_epoch, validate
from jaxvae.typing import Array, Key
from jaxvae.vae import VAE

_EXAMPLES_FOR_INIT = 10_000  # training examples at most that components may start from


@dataclasses.dataclass(frozen=True)
class DataFlags:
    """Which data, and how grey levels become x.

    Args:
        data: digits, mnist, fashion_mnist, binarized_mnist, another image set of tensorflow-datasets, or the path of a
            .npz or .npy file or of a folder of images.
        data_dir: where prepared data sets are kept; by default $JAXVAE_DATA_DIR or ~/.cache/jaxvae.
        validation_fraction: share of the training and validation examples to validate on [fraction]; by default the
            data set's own split.
        binarize: none, threshold (at half the largest grey level) or dynamic (drawn anew at each use in training, once
            with a fixed key for validation and test); by default dynamic for likelihoods of binary data, else none.
        dequantize: add uniform noise of one grey level, so that densities bound probabilities and bits exist.
        symmetric: map [0, 1] to [-1, 1].
    """

    data: str = "digits"
    data_dir: str | None = None
    validation_fraction: float | None = None
    binarize: Literal["none", "threshold", "dynamic"] | None = None
    dequantize: bool = False
    symmetric: bool = False

    def __post_init__(self) -> None:
        if not self.data:
            raise UserError("--data needs a name or a path, got nothing: leave it out for digits")


class Setup(NamedTuple):
    """All that a run is made of."""

    dataset: Dataset
    training: Training


def set_up(values: dict[str, Any]) -> Setup:
    """Load the data and build the descriptions.

    Raises:
        UserError: if the data cannot be had, or the likelihood has no density for it.
    """
    flags: DataFlags = pick(DataFlags, values)
    likelihood: Likelihood = values["likelihood"]
    optimizer = pick(Optimizer, values)
    if likelihood.support.is_discrete and (flags.dequantize or flags.symmetric):
        raise UserError(
            f"--dequantize and --symmetric need a likelihood with a density, got {type(likelihood).__name__}, which is "
            f"one of discrete values: add --likelihood Normal, or leave them out"
        )
    dataset = load(flags.data, flags.data_dir)
    if flags.validation_fraction is not None:
        dataset = with_validation_fraction(dataset, flags.validation_fraction)
    preprocessing = Preprocessing(
        maximum=dataset.maximum,
        binarize=flags.binarize or _default_binarization(likelihood, dataset),
        dequantize=flags.dequantize,
        symmetric=flags.symmetric,
    )
    check_support(likelihood, preprocessing, dataset)
    model = pick(VAE, values, data_shape=dataset.data_shape)
    training = pick(Training, values, model=model, preprocessing=preprocessing, optimizer=optimizer)
    return Setup(dataset, training)


def first_state(setup: Setup, seed: int) -> TrainState:
    """The state before the first step of a run."""
    images = setup.dataset.train.images

    def create(training: Training, key: Key, raw: Array) -> TrainState:
        return create_state(training, key, training.preprocessing.expected(raw), len(images))

    chosen = np.random.default_rng(seed).permutation(len(images))[:_EXAMPLES_FOR_INIT]  # files may be sorted by class
    return jax.jit(create)(setup.training, stream_key(seed, Stream.TRAINING), jnp.asarray(images[np.sort(chosen)]))


class Stream(enum.IntEnum):
    """What the randomness of a run is spent on; each has a key of its own."""

    TRAINING = 0
    EXAMPLES = 1
    """Preprocessing of the training examples that the baseline is fitted to."""
    EVALUATION = 2
    SAMPLES = 3
    RECONSTRUCTIONS = 4
    """Drawn where the posterior or the likelihood has no mean to show."""


def stream_key(seed: int, stream: Stream) -> Key:
    """The key of one stream of a run."""
    return jax.random.fold_in(jax.random.key(seed), stream)


def check_traces(setup: Setup, state: TrainState) -> None:
    """Trace training and validation without running them.

    Raises:
        UserError: if the run has more epochs behind it than it is to have.
        Exception: whatever is wrong in a component.
    """
    training, dataset = setup.training, setup.dataset
    if int(state.epoch) > training.epochs:
        raise UserError(f"--epochs must be >= {int(state.epoch)}, the epochs of the run so far, got {training.epochs}")
    images = jax.ShapeDtypeStruct(dataset.train.images.shape, dataset.train.images.dtype)
    validation = jax.ShapeDtypeStruct(dataset.validation.images.shape, jnp.float32)
    after, _ = jax.eval_shape(train_epoch, training, state, images)
    jax.eval_shape(validate, training, after, validation)


def _default_binarization(likelihood: Likelihood, dataset: Dataset) -> Literal["none", "dynamic"]:
    is_binary_already = dataset.maximum == 1
    return "dynamic" if likelihood.support == BINARY and not is_binary_already else "none"


def check_support(likelihood: Likelihood, preprocessing: Preprocessing, dataset: Dataset) -> None:
    """Check that every example has a density under the likelihood.

    Raises:
        UserError: naming a value that has none, and what to change.
    """
    name, support = type(likelihood).__name__, likelihood.support
    values = {split: _values(preprocessing, part.images) for split, part in dataset.splits.items()}
    for split, x in values.items():
        place = f"in the {split} split of {dataset.name}"
        is_outside = (x < 0) | (x > 1) if preprocessing.binarize != "none" else ~support.contains(x)
        if not np.any(is_outside):
            continue
        came, fitting = f"{x[is_outside].flat[0]:.4g}", _that_fit(preprocessing, values)
        if preprocessing.binarize != "none":
            raise UserError(
                f"--binarize {preprocessing.binarize} needs values in [0, 1], got {came} {place}: scale the data to "
                f"[0, 1], or take --binarize none with --likelihood {fitting}"
            )
        can_binarize = bool(np.all(support.contains(np.array([0.0, 1.0])))) and all(
            np.all((x >= 0) & (x <= 1)) for x in values.values()
        )
        fixes = []
        if _with_levels_of(likelihood, preprocessing, values) is not None:
            fixes.append(f"say --likelihood.num_levels {_num_levels(preprocessing)}, their number of grey levels")
        elif can_binarize and support.num_levels == 2:
            fixes.append("use --binarize dynamic (or threshold)")
        fixes.append(f"take a likelihood of such values: --likelihood {fitting}")
        raise UserError(
            f"the {name} likelihood needs values in {support.name}, got grey values such as {came} {place}: "
            f"{', or '.join(fixes)}"
        )


def _values(preprocessing: Preprocessing, images: np.ndarray) -> np.ndarray:
    """All values that occur in x, before anything random."""
    x = images if preprocessing.maximum is None else np.unique(images) / preprocessing.maximum
    return 2.0 * x - 1.0 if preprocessing.symmetric else x


def _num_levels(preprocessing: Preprocessing) -> int | None:
    return None if preprocessing.maximum is None else preprocessing.maximum + 1


def _with_levels_of(
    likelihood: Likelihood, preprocessing: Preprocessing, values: dict[str, np.ndarray]
) -> Likelihood | None:
    """The likelihood with as many levels as the data have, where it has that option and fits the data then."""
    num_levels = _num_levels(preprocessing)
    if num_levels is None or not hasattr(likelihood, "num_levels"):
        return None
    fitted = dataclasses.replace(likelihood, num_levels=num_levels)  # type: ignore[type-var]
    return fitted if _fits(fitted, values) else None


def _fits(likelihood: Likelihood, values: dict[str, np.ndarray]) -> bool:
    return all(bool(np.all(likelihood.support.contains(x))) for x in values.values())


def _that_fit(preprocessing: Preprocessing, values: dict[str, np.ndarray]) -> str:
    """The library's likelihoods of which the support holds all the values, as they stand after `--likelihood`."""
    family = {name: cls() for name, cls in sorted(choices(Likelihood).items())}
    fitting = [name for name, one in family.items() if _fits(one, values)]
    with_levels = [
        name
        for name, one in family.items()
        if name not in fitting and _with_levels_of(one, preprocessing, values) is not None
    ]
    found = [" or ".join(fitting)] if fitting else []
    if with_levels:
        found.append(f"{' or '.join(with_levels)} with --likelihood.num_levels {_num_levels(preprocessing)}")
    return ", or ".join(found) or "one of your own"
