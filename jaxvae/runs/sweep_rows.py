"""Train the members of a program side by side, and score each: a row of figures a member."""

from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp

from jaxvae.evaluation import Estimate, evaluate
from jaxvae.runs.first_state import first_state
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.runs.sweep_jobs import Job
from jaxvae.training import SweepEpoch, fit_members

_NAMES = {"log_likelihood": "distortion", "kl": "rate"}  # −E[log p(x|z)] and E[KL], as the field plots them

Row = dict[str, str | int | float | None]


def run_program(jobs: Sequence[Job], num_samples: int, progress: Callable[[SweepEpoch], None]) -> Iterator[Row]:
    """Train members side by side, and score each on its test examples as `evaluate.py` does."""
    setup = jobs[0].setup
    training, dataset = setup.training, setup.dataset
    validation = training.preprocessing.examples(dataset.validation, "validation")
    states = [first_state(job.setup, job.seed) for job in jobs]
    trainings = [job.setup.training for job in jobs]
    examples = jax.tree.map(jnp.asarray, dataset.train.training_examples())
    epoch = None
    for epoch in fit_members(trainings, states, examples, validation):
        progress(epoch)
    assert epoch is not None
    x = training.preprocessing.examples(dataset.test, "test")
    best = epoch.members.best
    for index, job in enumerate(jobs):
        last_epoch = int(epoch.members.last.epoch[index])
        row: Row = {**job.labels, **({} if job.fold is None else {"fold": job.fold}), "seed": job.seed}
        row |= {"epochs": last_epoch, "best_epoch": int(best.epoch[index])}
        row |= {f"validation_{training.objective.monitor}": float(best.best_score[index])}  # to choose by
        if not bool(epoch.members.is_finite[index]):
            yield row | {"note": f"no longer finite in epoch {last_epoch + 1}"}
            continue
        scores = evaluate(
            job.setup.training.model.at_step(best.step[index]),
            job.setup.training.objective,
            jax.tree.map(lambda leaf, index=index: leaf[index], best.evaluation_params),
            stream_key(job.seed, Stream.EVALUATION),
            x,
            num_samples=num_samples,
        )
        doubtful = scores.importance is not None and scores.importance.share_above and not scores.importance.is_reliable
        yield row | _columns(scores.figures) | {"note": "log p(x) is a lower bound (k̂)" if doubtful else None}


def _columns(figures: dict[str, Estimate]) -> Row:
    """Each figure and its standard error over examples; −E[log p(x|z)] and the KL by the names of the curve."""
    row: Row = {}
    for name, estimate in figures.items():
        if name == "weighted_elbo":
            continue
        sign = -1.0 if name == "log_likelihood" and "elbo" in figures else 1.0
        title = _NAMES.get(name, name) if "elbo" in figures else name
        row |= {title: sign * estimate.value, f"{title}_error": estimate.standard_error}
    return row
