"""Pictures that a trained run leaves beside its evaluation."""

from pathlib import Path

import jax
import jax.numpy as jnp

from jaxvae.functions import has_mean
from jaxvae.report import is_image, save_grid
from jaxvae.runs.code_density import CodeDensity
from jaxvae.runs.pictures import Pictures, mean_or_draw
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.runs.trained import TrainedRun
from jaxvae.typing import Array, Key

_NUM_SAMPLES_SHOWN, _NUM_RECONSTRUCTIONS = 60, 10


def save_pictures(run: TrainedRun, code_density: CodeDensity | None = None) -> list[Path]:
    """Write `samples.png` and `reconstructions.png`, if the data are images.

    Latents of the samples come from the prior; for an objective without a density from `code_density`.

    Returns:
        The files written.
    """
    run_dir, setup, state, seed = run.run_dir, run.setup, run.state, run.seed
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
    q = jax.eval_shape(model.encode, params, x[0])
    p = jax.eval_shape(lambda key: model.decode(params, model.sample_prior(params, key)), state.key)
    x_shown = "E[x | z]" if has_mean(p) else "x ~ p(x|z)"
    title = f"test data and {x_shown}, {'z = E q(z|x)' if has_mean(q) else 'z ~ q(z|x)'}"
    both = pictures.shown(jnp.concatenate([x, reconstructions]))
    save_grid(path, both, title, columns=len(x), rows=("test", "model"))
    draw, drawn_from = pictures.latents(code_density)

    def sampled(key: Key) -> Array:
        code_key, data_key = jax.random.split(key)
        return mean_or_draw(model.decode(params, draw(code_key)), data_key)

    keys = jax.random.split(stream_key(seed, Stream.SAMPLES), _NUM_SAMPLES_SHOWN)
    title = f"samples: {x_shown}, z ~ {drawn_from}"
    save_grid(run_dir / "samples.png", pictures.shown(jax.jit(jax.vmap(sampled))(keys)), title)
    return [path, run_dir / "samples.png"]
