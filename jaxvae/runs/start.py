"""The start of a run from the parameters of another run, as far as they fit."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.errors import UserError
from jaxvae.priors import Prior
from jaxvae.runs.folder import config_of
from jaxvae.runs.pictures import Pictures, codes_of
from jaxvae.runs.setup import Setup
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.training import TrainState
from jaxvae.training.checkpoint import restore_parameters

_MOST_NAMED = 6
_MOST_CODES = 20_000  # of training examples, for the start of a prior


_OF_THE_DATA = ("condition", "hidden", "likelihood", "missingness")
"""The parts of the parameters whose fixed arrays are units and means of the training examples."""


def _is_unit(name: str) -> bool:
    part, *rest = name.split("/")
    return part in _OF_THE_DATA and "fixed" in rest


def start_from(state: TrainState, run_dir: Path) -> tuple[TrainState, str]:
    """The first state with parameters of another run's best checkpoint, if name and shape agree.

    Units, and means that stand for hidden entries, stay those of the new data.

    Args:
        state: the state before the first step.
        run_dir: folder of the other run.

    Returns:
        The state, and a line that says how many arrays were taken and which were not.

    Raises:
        UserError: if the folder is not a run, or nothing fits.
    """
    config_of(run_dir)
    found = restore_parameters(run_dir)
    left: list[str] = []

    def choose(path: Any, own: jax.Array) -> jax.Array:
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        if _is_unit(name):
            return own
        other = found.get(name)
        if other is not None and other.shape == own.shape:
            return jnp.asarray(other, own.dtype)
        left.append(f"{name} {own.shape}" + ("" if other is None else f", there {other.shape}"))
        return own

    params = jax.tree_util.tree_map_with_path(choose, state.params)
    names = [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in jax.tree.leaves_with_path(params)]
    count = len([name for name in names if not _is_unit(name)])
    if len(left) == count:
        raise UserError(
            f"`init_from` must be a run with parameters of this model, got {run_dir}, where none of {count} arrays "
            f"fits by name and shape: take the sizes of its config.yaml"
        )
    kept = f"; not: {'; '.join(left[:_MOST_NAMED])}{' …' if len(left) > _MOST_NAMED else ''}" if left else ""
    state = state._replace(params=params, average=None if state.average is None else params)
    return state, f"started from {run_dir}: {count - len(left)} of {count} arrays{kept}"


def with_prior_of_codes(setup: Setup, state: TrainState, seed: int) -> TrainState:
    """The state with a prior that starts at codes fitted to those of training examples, by the parameters so far."""
    training = setup.training
    prior = getattr(training.model, "prior", None)
    if not isinstance(prior, Prior) or not prior.starts_at_codes:
        return state
    model, params = training.model, state.params
    key = stream_key(seed, Stream.CODES)
    examples, _ = Pictures(setup, state, seed).train(key, _MOST_CODES)
    codes = codes_of(model, params, jax.random.clone(key), examples)
    own = prior.started_at_codes(params["prior"], codes)
    params = {**params, "prior": own}
    return state._replace(params=params, average=None if state.average is None else params)
