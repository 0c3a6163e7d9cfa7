"""An epoch of a convolutional network: examples in memory, and read from files of two sizes while training goes on."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.progress import track

from benchmarks.convolution import BATCH, described_training
from benchmarks.task import Contenders, Task, grey_images
from jaxvae.data.records import ArrayRecords, Records, write_records
from jaxvae.training import Training, create_state, train_epoch
from jaxvae.training.state import TrainState
from jaxvae.training.stream import stream

GIGABYTES = (1, 10)
GIGABYTE, _IMAGE = 10**9, 28 * 28  # bytes
_DISTINCT = 10_000  # images; the records repeat them


def streaming(num_examples: int) -> Task:
    """An epoch on examples drawn from all over a file, beside as many in memory."""
    steps = max(num_examples // BATCH, 1)
    count = steps * BATCH
    images, training = grey_images(_DISTINCT), described_training()
    state = create_state(training, jax.random.key(0), None, count)
    raw = jnp.asarray(images[np.arange(count) % _DISTINCT])
    epoch = jax.jit(train_epoch).lower(training, state, raw).compile()
    contenders: Contenders = {"in memory": lambda: jax.block_until_ready(epoch(training, state, raw)[0].params)}
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    for gigabytes in GIGABYTES:
        path = folder / f"{gigabytes}.array_record"
        write_records(path, track(_repeated(images, gigabytes), f"{gigabytes} GB", gigabytes * GIGABYTE // _IMAGE))
        contenders[f"array_record, {gigabytes} GB of images"] = _streamed(path, training, state, count)
    title = "a step of the convolutional VAE, examples in memory and on disk, in seconds"
    return Task(title, contenders, 1.0 / steps, memory=True)


def _repeated(images: np.ndarray, gigabytes: int) -> Iterator[np.ndarray]:
    for index in range(gigabytes * GIGABYTE // _IMAGE):
        yield images[index % len(images)]


def _streamed(path: Path, training: Training, state: TrainState, count: int) -> Callable[[], Any]:
    """An epoch of so many examples from all over a file."""
    source = ArrayRecords(path)
    records = Records(source, np.random.default_rng(0).integers(len(source), size=count))
    epoch = stream(training, state, records, lambda state: None)
    return lambda: jax.block_until_ready(epoch(state)[0].params)
