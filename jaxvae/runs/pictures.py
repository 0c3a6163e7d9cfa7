"""Data and samples of a run as pictures in [0, 1], and the source of the samples' latents."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.distributions import SupportsSampleAndLogProb, has_mean, mean_of
from jaxvae.evaluation import fit_code_density, in_batches
from jaxvae.objectives import WithoutDensity
from jaxvae.observation import Example, number_of
from jaxvae.runs.code_density import CodeDensity
from jaxvae.runs.setup import Setup
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.training import TrainState
from jaxvae.typing import Array, Key, Params

_EXAMPLES_FOR_CODES, _CODES_AT_ONCE = 10_000, 500


def mean_or_draw(distribution: SupportsSampleAndLogProb, key: Key) -> Array:
    """The mean, or a draw if the distribution has no mean."""
    return mean_of(distribution) if has_mean(distribution) else distribution.sample(key)


def codes_of(model: Any, params: Params, key: Key, examples: Example) -> np.ndarray:
    """E_q(z|x)[z] of each example, or a draw if q has no mean, `[n, latent_dim]`."""

    def code(key: Key, example: Example) -> dict[str, Array]:
        given, x = model.given(example)
        return {"code": mean_or_draw(given.encode(params, x), key)}

    batches = in_batches(code)(key, examples, min(_CODES_AT_ONCE, number_of(examples)))
    return np.concatenate([batch["code"] for batch in batches])


class Pictures:
    """The test set of a run, and its training examples, in the model's units and as pictures."""

    def __init__(self, setup: Setup, state: TrainState, seed: int) -> None:
        self._setup, self._state, self._seed = setup, state, seed

    @cached_property
    def test(self) -> Example:
        """The test set, preprocessed, with a leading axis `[n]`."""
        return self._setup.training.preprocessing.examples(self._setup.dataset.test, "test")

    def train(self, key: Key, most: int) -> tuple[Example, np.ndarray]:
        """Training examples, drawn without replacement if there are more than `most`, and their indices."""
        train = self._setup.dataset.train.distinct
        chosen = np.sort(np.random.default_rng(self._seed).permutation(len(train))[:most])
        part = train.take(chosen)
        return part.examples(jax.jit(self._setup.training.preprocessing)(key, part.values)), chosen

    def conditions(self, count: int) -> Array | None:
        """Conditions for `count` samples, `[count, columns]`, None if the model has none.

        Of training examples: with one column of at most as many classes in turn, else at random.
        """
        rows = self._setup.dataset.train.conditions
        if rows is None:
            return None
        classes = np.unique(rows)
        if rows.shape[1] == 1 and len(classes) <= count:
            return jnp.asarray(classes[np.arange(count) % len(classes)][:, None])
        return jnp.asarray(rows[np.random.default_rng(self._seed).integers(len(rows), size=count)])

    @cached_property
    def _black_and_white(self) -> tuple[float, float]:
        """The values of x that are shown black and white: those of grey levels, else the extremes of the data."""
        preprocessing, dataset = self._setup.training.preprocessing, self._setup.dataset
        if preprocessing.symmetric:
            return -1.0, 1.0
        if preprocessing.maximum is not None:
            return 0.0, 1.0 if preprocessing.scale else float(preprocessing.maximum)
        parts = [part.values for part in dataset.splits.values()]
        return min(0.0, *(float(part.min()) for part in parts)), max(1.0, *(float(part.max()) for part in parts))

    def shown(self, x: Array) -> np.ndarray:
        """x as pictures; a model's draws may leave [0, 1]."""
        black, white = self._black_and_white
        return np.asarray((x - black) / (white - black))

    def data(self, shown: np.ndarray) -> np.ndarray:
        """x of pictures: the inverse of `shown`."""
        black, white = self._black_and_white
        return black + shown * (white - black)

    def latents(self, code_density: CodeDensity | None) -> tuple[Callable[[Any, Key], Any], str]:
        """A function of model and key that draws the latents of one sample, and the name of its density.

        `code_density` is for an objective without a density; by default `normal`.
        """
        training, params = self._setup.training, self._state.evaluation_params
        if not isinstance(training.objective, WithoutDensity) or code_density == "prior":
            return lambda model, key: model.sample_prior(params, key), "p(z)"
        codes, code_density = self._codes(training.objective), code_density or "normal"
        density = fit_code_density(codes, code_density, seed=self._seed)
        return lambda model, key: density.sample(key), f"{code_density} fitted to codes"

    def _codes(self, objective: WithoutDensity) -> np.ndarray:
        """The codes of at most 10,000 training examples, `[n, latent_dim]`."""
        model, params = self._setup.training.model.at_step(self._state.step), self._state.evaluation_params
        data_key, code_key = jax.random.split(stream_key(self._seed, Stream.CODES))
        x, _ = self.train(data_key, _EXAMPLES_FOR_CODES)

        def code(key: Key, one: Example) -> dict[str, Array]:
            given, x = model.given(one)
            return {"code": objective.code(given, params, key, x)}

        return np.concatenate([batch["code"] for batch in in_batches(code)(code_key, x, _CODES_AT_ONCE)])
