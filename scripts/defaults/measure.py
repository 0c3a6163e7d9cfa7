"""One case: train it as the command line would, and measure the best state on test examples."""

import math
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from defaults.cases import Case
from defaults.data import MOST_TEST_EXAMPLES, Data
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.errors import UserError
from jaxvae.evaluation import diagnose, family_baseline
from jaxvae.evaluation.diagnostics import active_units
from jaxvae.hardware import compiled
from jaxvae.objectives import WithoutDensity
from jaxvae.runs.first_state import first_state
from jaxvae.runs.setup import Setup
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.training import TrainState, fit
from jaxvae.training.epoch import score_examples

_PARSER = experiment_parser("")


class Subject(NamedTuple):
    """A case as the library describes it, and the examples that it is chosen and measured by."""

    setup: Setup
    epochs: int
    validation: jax.Array
    test: jax.Array


def describe(case: Case, data: Data) -> Subject:
    """The training that the flags of a case stand for, as many epochs long as its steps take.

    Raises:
        UserError: if the library refuses the flags.
    """
    words = ["--latent_dim", str(case.latents), *case.flags, *data.flags]
    values = construct(_PARSER, parse(_PARSER, words))
    num_batches = math.ceil(len(data.dataset.train.values) / values["batch_size"])
    epochs = max(1, round(case.steps / num_batches))
    setup = set_up_from(values | {"epochs": epochs, "patience": epochs}, data.dataset)
    preprocessing = setup.training.preprocessing
    validation = preprocessing.for_evaluation(data.dataset.validation.values[:MOST_TEST_EXAMPLES], "validation")
    test = preprocessing.for_evaluation(data.dataset.test.values[:MOST_TEST_EXAMPLES], "test")
    return Subject(setup, epochs, validation, test)


def measure(case: Case, subject: Subject) -> dict[str, Any]:
    """Train, and measure the state that was best on validation data.

    Raises:
        UserError: if training is refused or does not stay finite.
    """
    start = time.perf_counter()
    best = _train(case, subject)
    result = _figures(case, subject, best)
    return {**result, "steps": int(best.step), "seconds": round(time.perf_counter() - start, 1)}


def _train(case: Case, subject: Subject) -> TrainState:
    training, dataset = subject.setup.training, subject.setup.dataset
    best = state = first_state(subject.setup, case.seed)
    for epoch in fit(training, state, jnp.asarray(dataset.train.values), subject.validation):
        best = epoch.state if epoch.improved else best
    return best


def _figures(case: Case, subject: Subject, state: TrainState) -> dict[str, Any]:
    training, x = subject.setup.training, subject.test
    model, params = training.model.at_step(state.step), state.evaluation_params
    score = jax.jit(lambda params, key, x: score_examples(model, training.objective, params, key, x))
    arguments = (params, stream_key(case.seed, Stream.EVALUATION), x)
    scores = compiled(score, *arguments)(*arguments)
    has_density = not isinstance(training.objective, WithoutDensity)
    values = np.asarray(scores["elbo" if has_density else "log_likelihood"], float)
    if not np.all(np.isfinite(values)):
        raise UserError("the ELBO of the test examples must be finite, got values that are not")
    key = stream_key(case.seed, Stream.DIAGNOSTICS)
    result: dict[str, Any] = {
        "elbo": float(np.mean(values)),
        "error": float(np.std(values, ddof=1) / np.sqrt(len(values))),
        "has_density": has_density,
        "baseline": _baseline(subject),
    }
    if not has_density:
        units = jax.jit(lambda params, key, x: active_units(model, params, key, x).is_active)(params, key, x[:1000])
        return {**result, "active": int(np.sum(units)), "information": None, "ignores_latents": not np.any(units)}
    diagnostics = diagnose(model, params, key, x)
    return {
        **result,
        "active": diagnostics.num_active,
        "information": diagnostics.mutual_information.value,
        "ignores_latents": bool(diagnostics.ignores_latents),
    }


def _baseline(subject: Subject) -> float:
    """log p(x) of the best member of the likelihood's family that ignores z, nats."""
    training = subject.setup.training
    examples = jax.jit(training.preprocessing)(jax.random.key(1), jnp.asarray(subject.setup.dataset.train.values))
    baseline = family_baseline(training.model, examples)
    values = jax.jit(lambda x: jax.lax.map(baseline.log_prob, x, batch_size=100))(subject.test)
    return float(np.mean(np.asarray(values, float)))
