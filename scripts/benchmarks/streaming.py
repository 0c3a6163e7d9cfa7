"""An epoch of a convolutional network: examples in memory, and read from files of two sizes while training goes on."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.progress import track

from benchmarks.convolution import BATCH, described_training
from benchmarks.task import Contenders, Task, grey_images
from jaxvae.data.records import ArrayRecords, Records, write_records
from jaxvae.hardware import compiled
from jaxvae.training import Training, create_state, train_epoch
from jaxvae.training.state import TrainState
from jaxvae.training.stream import STEPS_AT_ONCE, stream
from jaxvae.typing import Shape

GIGABYTE = 10**9  # bytes
_DISTINCT = 1000  # images; the records repeat them


def streaming(shape: Shape, gigabytes: Sequence[int], num_examples: int) -> Task:
    """An epoch on examples drawn from all over a file, beside as many in memory, and beside reading them alone."""
    steps = max(num_examples // BATCH, 1)
    count = steps * BATCH
    images, training = grey_images(_DISTINCT, shape), described_training(shape)
    state = create_state(training, jax.random.key(0), None, count)
    raw = jnp.asarray(images[np.arange(count) % _DISTINCT])
    epoch = compiled(jax.jit(train_epoch), training, state, raw)
    contenders: Contenders = {"in memory": lambda: jax.block_until_ready(epoch(training, state, raw)[0].params)}
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    for size in gigabytes:
        path, number = folder / f"{size}.array_record", size * GIGABYTE // images[0].nbytes
        repeated = (images[index % _DISTINCT] for index in range(number))
        write_records(path, track(repeated, f"{size} GB", number))
        source = ArrayRecords(path)
        records = Records(source, np.random.default_rng(0).integers(number, size=count))
        contenders[f"array_record, {size} GB of images"] = _streamed(records, training, state)
        contenders[f"{size} GB of images, read and not trained on"] = partial(_read, records, steps)
    os.sync()  # what is still to be written would be written while the contenders take turns
    pixels = "x".join(map(str, shape))
    title = f"a step of the convolutional VAE on 128 images of {pixels}, in memory and on disk, in seconds"
    return Task(title, contenders, 1.0 / steps, memory=True)


def _streamed(records: Records, training: Training, state: TrainState) -> Callable[[], Any]:
    """An epoch of these examples."""
    epoch = stream(training, state, records, lambda state: None)
    return lambda: jax.block_until_ready(epoch(state)[0].params)


def _read(records: Records, steps: int) -> None:
    """Read as many batches, ahead as an epoch does."""
    for _ in records.read_ahead(np.array_split(np.arange(len(records)), -(-steps // STEPS_AT_ONCE))):
        pass
