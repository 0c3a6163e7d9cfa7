"""The results of a run besides its evaluation: pictures, and what to try next."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
from rich.console import Console

from jaxvae.invoked import invoked
from jaxvae.report import is_image, save_grid
from jaxvae.runs.directory import CONFIG, CodeDensity
from jaxvae.runs.pictures import Pictures, mean_or_draw
from jaxvae.runs.setup import Setup, Stream, stream_key
from jaxvae.training import TrainState
from jaxvae.typing import Array, Key

_NUM_SAMPLES_SHOWN, _NUM_RECONSTRUCTIONS = 60, 10


def save_pictures(
    run_dir: Path,
    setup: Setup,
    state: TrainState,
    seed: int,
    code_density: CodeDensity | None = None,
) -> list[Path]:
    """Write `samples.png` and `reconstructions.png`, if the data are images.

    Latents of the samples come from the prior; for an objective without a density from `code_density`.

    Returns:
        The files written.
    """
    training, params = setup.training, state.evaluation_params
    model = training.model.at_step(state.step)
    if not is_image(setup.dataset.data_shape):
        return []

    pictures = Pictures(setup, state, seed)
    x = pictures.test[:_NUM_RECONSTRUCTIONS]

    def reconstruction(key: Key, x: Array) -> Array:
        code_key, data_key = jax.random.split(key)
        return mean_or_draw(model.decode(params, mean_or_draw(model.encode(params, x), code_key)), data_key)

    reconstructions = jax.jit(jax.vmap(reconstruction))(jax.random.split(stream_key(seed, Stream.PICTURES), len(x)), x)
    path = run_dir / "reconstructions.png"
    title = "test data and E[x | z = E q(z|x)] (draws where there is no mean)"
    both = pictures.shown(jnp.concatenate([x, reconstructions]))
    save_grid(path, both, title, columns=len(x), rows=("test", "model"))
    draw, drawn_from = pictures.latents(code_density)

    def sampled(key: Key) -> Array:
        code_key, data_key = jax.random.split(key)
        return mean_or_draw(model.decode(params, draw(code_key)), data_key)

    keys = jax.random.split(stream_key(seed, Stream.SAMPLES), _NUM_SAMPLES_SHOWN)
    title = f"samples: E[x | z], z ~ {drawn_from} (draws where there is no mean)"
    save_grid(run_dir / "samples.png", pictures.shown(jax.jit(jax.vmap(sampled))(keys)), title)
    return [path, run_dir / "samples.png"]


def show_summary(run_dir: Path, seed: int, console: Console) -> None:
    """Print where the files are, how to view them, and how to train the model again with another seed."""
    files = ", ".join(path.name for path in sorted(run_dir.iterdir()) if not path.name.startswith("events."))
    console.print(f"files  {run_dir}/: {files}, TensorBoard events", highlight=False, soft_wrap=True)
    install = "" if importlib.util.find_spec("tensorboard") else "pip install tensorboard && "
    again = f"{invoked('train')} --config {run_dir / CONFIG} --seed {seed + 1}"
    console.print(f"next   {install}tensorboard --logdir {run_dir.parent}", highlight=False, soft_wrap=True)
    console.print(f"       {again}", highlight=False, soft_wrap=True)
