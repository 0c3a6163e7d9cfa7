"""Pictures that a trained run leaves beside its evaluation."""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.distributions import has_mean
from jaxvae.observation import Example, Observation, number_of, rows_of
from jaxvae.report import is_image, save_grid
from jaxvae.runs.code_density import CodeDensity
from jaxvae.runs.pictures import Pictures, mean_or_draw
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.runs.trained import TrainedRun
from jaxvae.typing import Array, Key, Params

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
    test = rows_of(pictures.test, slice(_NUM_RECONSTRUCTIONS))

    def reconstruction(key: Key, example: Example) -> tuple[Array, Array]:
        """An example, grey where it was hidden, and its reconstruction."""
        given, x = model.given(example)
        code_key, data_key = jax.random.split(key)
        mean = mean_or_draw(given.decode(params, mean_or_draw(given.encode(params, x), code_key)), data_key)
        return given.completed(x, jnp.full_like(x, 0.5)), mean

    keys = jax.random.split(stream_key(seed, Stream.PICTURES), number_of(test))
    x, reconstructions = jax.jit(jax.vmap(reconstruction))(keys, test)
    path = run_dir / "reconstructions.png"
    q, p = jax.eval_shape(partial(_posterior_and_likelihood, model), params, rows_of(test, 0), state.key)
    x_shown = "E[x | z]" if has_mean(p) else "x ~ p(x|z)"
    title = f"test data and {x_shown}, {'z = E q(z|x)' if has_mean(q) else 'z ~ q(z|x)'}"
    both = pictures.shown(jnp.concatenate([x, reconstructions]))
    save_grid(path, both, title, columns=len(x), rows=("test", "model"))
    draw, drawn_from = pictures.latents(code_density)

    def sampled(key: Key, condition: Array | None) -> Array:
        given, _ = model.given(Observation(None, condition=condition))
        code_key, data_key = jax.random.split(key)
        return mean_or_draw(given.decode(params, draw(given, code_key)), data_key)

    keys = jax.random.split(stream_key(seed, Stream.SAMPLES), _NUM_SAMPLES_SHOWN)
    conditions = pictures.conditions(_NUM_SAMPLES_SHOWN)
    title = f"samples: {x_shown}, z ~ {drawn_from}{'' if conditions is None else ', c in turn'}"
    save_grid(run_dir / "samples.png", pictures.shown(jax.jit(jax.vmap(sampled))(keys, conditions)), title)
    return [path, run_dir / "samples.png"]


def _posterior_and_likelihood(model: Any, params: Params, example: Example, key: Key) -> tuple[Any, Any]:
    """q(z|x) of an example and p(x|z) of a draw."""
    given, x = model.given(example)
    return given.encode(params, x), given.decode(params, given.sample_prior(params, key))
