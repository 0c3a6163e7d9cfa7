"""One tiny training job that the tests of this folder share."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.training import Optimizer, Training, TrainState, create_state
from jaxvae.typing import Array

NUM_TRAIN, NUM_VALIDATION, BATCH = 23, 7, 5  # 5 steps an epoch, the last with 2 examples of padding


class Job(NamedTuple):
    """What `fit` takes."""

    training: Training
    state: TrainState
    images: Array
    validation: Array


def make_job(seed: int = 0, **changes: object) -> Job:
    """A VAE of 3x4 images that fill up from the top to a random level; `changes` are fields of `Training`."""
    model = jv.VAE((3, 4, 1), 2, encoder=jv.networks.MLP((6,)), decoder=jv.networks.MLP((5,)))
    fields: dict = {"optimizer": Optimizer(learning_rate=1e-2), "batch_size": BATCH, "epochs": 4} | changes
    training = Training(model, Preprocessing(maximum=9, binarize="dynamic"), **fields)
    image_key, validation_key = jax.random.split(jax.random.key(100))
    pixel = jnp.arange(12).reshape(3, 4, 1) / 12
    images = jnp.where(jax.random.uniform(image_key, (NUM_TRAIN, 1, 1, 1)) > pixel[None], 8, 1).astype(jnp.uint8)
    validation = (jax.random.uniform(validation_key, (NUM_VALIDATION, 1, 1, 1)) > pixel[None]).astype(jnp.float32)
    return Job(training, create_state(training, jax.random.key(seed), None, NUM_TRAIN), images, validation)


@pytest.fixture(scope="session")
def job() -> Job:
    return make_job()
