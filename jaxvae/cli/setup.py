"""From the values of flags to data, a training description and its first state."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.cli.flags import pick
from jaxvae.data import Dataset, Preprocessing, load, with_validation_fraction
from jaxvae.errors import UserError
from jaxvae.likelihoods import Likelihood
from jaxvae.likelihoods.support import BINARY
from jaxvae.training import Optimizer, Training, TrainState, create_state
from jaxvae.typing import Array, Key
from jaxvae.vae import VAE

_EXAMPLES_FOR_INIT = 10_000  # training examples at most that components may start from


@dataclass(frozen=True)
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
        state_key, data_key = jax.random.split(key)
        return create_state(training, state_key, training.preprocessing(data_key, raw), len(images))

    return jax.jit(create)(setup.training, jax.random.key(seed), jnp.asarray(images[:_EXAMPLES_FOR_INIT]))


def _default_binarization(likelihood: Likelihood, dataset: Dataset) -> Literal["none", "dynamic"]:
    is_binary_already = dataset.maximum == 1
    return "dynamic" if likelihood.support == BINARY and not is_binary_already else "none"


def check_support(likelihood: Likelihood, preprocessing: Preprocessing, dataset: Dataset) -> None:
    """Check that every example has a density under the likelihood.

    Raises:
        UserError: naming a value that has none, and what to change.
    """
    name, support = type(likelihood).__name__, likelihood.support
    for split, part in dataset.splits.items():
        values = np.unique(part.images) if preprocessing.maximum is not None else part.images
        scaled = values / preprocessing.maximum if preprocessing.maximum is not None else values
        if preprocessing.binarize != "none":
            outside = scaled[(scaled < 0) | (scaled > 1)]
            if outside.size:
                raise UserError(
                    f"--binarize {preprocessing.binarize} needs values in [0, 1], got {outside.flat[0]:.4g} in the "
                    f"{split} split of {dataset.name}: scale the data to [0, 1], or take --likelihood Normal"
                )
            continue
        outside = scaled[~support.contains(scaled)]
        if outside.size:
            raise UserError(
                f"the {name} likelihood needs values in {support.name}, got grey values such as "
                f"{outside.flat[0]:.4g} in the {split} split of {dataset.name}: use --binarize dynamic (or threshold), "
                f"or a likelihood of grey values: --likelihood Normal"
            )
