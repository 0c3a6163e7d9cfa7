"""From flags with several values to members of a sweep, and from members to rows of figures."""

import csv
import dataclasses
import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jsonargparse import ArgumentParser

from jaxvae.cli.flags import construct, parse, pick
from jaxvae.cli.words import is_negative_number
from jaxvae.data import Dataset, content_hash, folds
from jaxvae.errors import UserError
from jaxvae.evaluation import Estimate, evaluate, provenance
from jaxvae.runs.directory import RunFlags
from jaxvae.runs.setup import (
    DataFlags,
    Setup,
    Stream,
    check_in_memory,
    check_traces,
    first_state,
    load_data,
    set_up,
    stream_key,
)
from jaxvae.training import SweepEpoch, fit_members, members_at_once

CSV, SUMMARY, CONTEXT, CURVE = "sweep.csv", "summary.csv", "sweep.json", "rate_distortion.png"
_MOST_SEEDS = 100_000  # each member is described before the first is trained
_FIXED = ("seeds", "folds", "num_samples", "run_dir", "overwrite", "config", "data_dir")
_SCORED = {field.name for field in dataclasses.fields(DataFlags)}  # another value scores other examples
_NAMES = {"log_likelihood": "distortion", "kl": "rate"}  # −E[log p(x|z)] and E[KL], as the field plots them

_OF_A_RUN = {field.name for field in dataclasses.fields(RunFlags)} - {"seed", "num_samples", "run_dir", "overwrite"}

Row = dict[str, str | int | float | None]


@dataclass(frozen=True)
class SweepFlags:
    """The repetitions of each combination of values, and the folder of the figures.

    Args:
        seed: seed of the first member of each combination.
        seeds: number of members of each combination, with seeds seed, seed + 1, … [members].
        folds: cross-validation with so many folds of the training and validation examples; each example is scored once
            by a model that neither trained on it nor chose its epoch by it [folds].
        num_samples: importance samples an example for log p(x), equal for all members, so that their bounds compare
            [samples]; 0 leaves it out.
        run_dir: folder to write; by default runs/sweep-<number>, with the next free number.
        overwrite: replace the sweep in `run_dir`.
    """

    seed: int = 0
    seeds: int = 1
    folds: int | None = None
    num_samples: int = 500
    run_dir: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        for name, least in {"seeds": 1, "num_samples": 0}.items():
            if getattr(self, name) < least:
                raise UserError(f"--{name} must be >= {least}, got {getattr(self, name)}")
        if self.seeds > _MOST_SEEDS:
            raise UserError(f"--seeds must be at most {_MOST_SEEDS:,}, got {self.seeds:,}: split the sweep by --seed")
        if not 0 <= self.seed <= 2**32 - self.seeds:
            raise UserError(f"--seed must lie between 0 and 2**32 - seeds, got {self.seed}")


class Job(NamedTuple):
    """One member of a sweep."""

    labels: dict[str, str]
    """The swept flags with this member's values."""
    fold: int | None
    seed: int
    setup: Setup


def split_axes(words: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The flags with several values, and the words of all others.

    >>> split_axes(["--objective.beta", "1", "-2", "--epochs", "9", "--overwrite"])
    ({'objective.beta': ['1', '-2']}, ['--epochs', '9', '--overwrite'])

    Raises:
        UserError: for a flag that cannot have several values, or that occurs twice.
    """
    axes: dict[str, list[str]] = {}
    others: list[str] = []
    start = 0
    while start < len(words):
        stop = start + 1
        while stop < len(words) and (not words[stop].startswith("-") or is_negative_number(words[stop])):
            stop += 1
        flag, values = words[start].removeprefix("--"), list(words[start + 1 : stop])
        if flag.split("=")[0] in _OF_A_RUN:
            raise UserError(f"--{flag.split('=')[0]} is for train.py, a sweep has none: leave it out")
        if words[start].startswith("--") and len(values) > 1:
            if flag in (*_FIXED, "seed"):
                fix = "for several seeds give --seeds 8" if flag == "seed" else "give one"
                raise UserError(f"--{flag} takes one value in a sweep, got {' '.join(values)}: {fix}")
            if flag in _SCORED:
                raise UserError(
                    f"--{flag} decides the data, got {' '.join(values)}: figures of different data do not compare; "
                    f"run a sweep for each"
                )
            if flag in axes:
                raise UserError(f"--{flag} occurs twice with several values: give all of them at once")
            if len(set(values)) < len(values):
                raise UserError(
                    f"--{flag} must have different values, got {' '.join(values)}: leave out the repeated ones"
                )
            axes[flag] = values
        else:
            others += words[start:stop]
        start = stop
    return axes, others


def plan(parser: ArgumentParser, words: Sequence[str]) -> tuple[SweepFlags, list[Job]]:
    """Every member of a sweep, checked as single runs are; nothing is compiled yet.

    Raises:
        UserError: for any error of one of the members.
    """
    axes, others = split_axes(words)
    data: dict[DataFlags, list[tuple[int | None, Dataset]]] = {}
    jobs: list[Job] = []
    flags = pick(SweepFlags, construct(parser, parse(parser, others)))
    for chosen in itertools.product(*axes.values()):
        labels = dict(zip(axes, chosen, strict=True))
        values = construct(parser, parse(parser, [*others, *(f"--{flag}={value}" for flag, value in labels.items())]))
        source: DataFlags = pick(DataFlags, values)
        kept = DataFlags(  # the flags that decide the examples
            source.data,
            source.data_dir,
            source.validation_fraction,
            channels=source.channels,
            maximum=source.maximum,
            offsets=source.offsets,
        )
        if kept not in data:
            data[kept] = _splits(load_data(kept), flags.folds)
        for fold, dataset in data[kept]:
            setup = set_up(values, dataset)
            jobs += [Job(labels, fold, flags.seed + k, setup) for k in range(flags.seeds)]
    return flags, jobs


def _splits(dataset: Dataset, count: int | None) -> list[tuple[int | None, Dataset]]:
    return [(None, dataset)] if count is None else list(enumerate(folds(dataset, count)))


def programs(jobs: Sequence[Job]) -> list[list[Job]]:
    """The members that train together: of one structure, on the same examples, as many as fit the memory.

    Raises:
        UserError: for a mistake in a component, or if not even one member fits.
    """
    groups: dict[Any, list[Job]] = {}
    for job in jobs:
        key = jax.tree.structure(job.setup.training), id(job.setup.dataset), job.setup.training.preprocessing
        groups.setdefault(key, []).append(job)
    chunks: list[list[Job]] = []
    for group in groups.values():
        setup = group[0].setup
        check_in_memory(setup.dataset, "a sweep trains many models on the same examples at once")
        check_traces(setup)
        state = jax.eval_shape(lambda setup=setup, job=group[0]: first_state(setup, job.seed))
        images = jax.ShapeDtypeStruct(setup.dataset.train.images.shape, setup.dataset.train.images.dtype)
        most = members_at_once(setup.training, state, images)
        if most < 1:
            raise UserError(
                "a member of the sweep must fit the memory, got one that by estimate does not: lower --batch_size, or "
                "train it alone with train.py, which measures"
            )
        count = -(-len(group) // most)
        chunks += [group[k * len(group) // count : (k + 1) * len(group) // count] for k in range(count)]
    return chunks


def run_program(jobs: Sequence[Job], num_samples: int, progress: Callable[[SweepEpoch], None]) -> Iterator[Row]:
    """Train members side by side, and score each on its test examples as `evaluate.py` does."""
    setup = jobs[0].setup
    training, dataset = setup.training, setup.dataset
    validation = training.preprocessing.for_evaluation(dataset.validation.images, "validation")
    states = [first_state(job.setup, job.seed) for job in jobs]
    trainings = [job.setup.training for job in jobs]
    epoch = None
    for epoch in fit_members(trainings, states, jnp.asarray(dataset.train.images), validation):
        progress(epoch)
    assert epoch is not None
    x = training.preprocessing.for_evaluation(dataset.test.images, "test")
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


def summary(rows: Sequence[Row], axes: Sequence[str]) -> list[Row]:
    """Mean and standard error over members of each combination; empty if one is not enough for an error.

    With folds the error is that of the folds' means over seeds: seeds of one fold are scored on the same examples. In
    `members` are those with figures, in `doubtful` those whose log p(x) is not reliable.
    """
    names = [name for name in dict.fromkeys(itertools.chain(*rows)) if f"{name}_error" in set(itertools.chain(*rows))]
    validation = [name for name in dict.fromkeys(itertools.chain(*rows)) if name.startswith("validation_")]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[axis] for axis in axes), []).append(row)
    table: list[Row] = []
    for key, members in groups.items():
        scored = [row for row in members if any(isinstance(row.get(name), float) for name in names)]
        line: Row = {**dict(zip(axes, key, strict=True)), "members": len(scored)}
        line["doubtful"] = sum(row.get("note") is not None for row in scored)
        for name in (*validation, *names):
            values = _independent(scored, name)
            line[name] = float(values.mean()) if len(values) else None
            line[f"{name}_error"] = float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else None
        table.append(line)
    return table


def context(command: str, flags: SweepFlags, job: Job) -> dict[str, Any]:
    """The data and the code of the figures, for `sweep.json`."""
    preprocessing, dataset = job.setup.training.preprocessing, job.setup.dataset
    x = preprocessing.for_evaluation(dataset.test.images, "test")
    split = "test" if job.fold is None else f"fold {job.fold} of {flags.folds} of train and validation"
    return provenance(
        x,
        command=command,
        data=dataset.name,
        split=split,
        binarize=preprocessing.binarize,
        num_samples=flags.num_samples,
        checkpoint="best",
        train_set_sha256=content_hash(dataset.train.images),
    )


def _independent(rows: Sequence[Row], name: str) -> np.ndarray:
    """The values of a figure; the values of one fold are averaged."""
    values: dict[Any, list[float]] = {}
    for index, row in enumerate(rows):
        if isinstance(value := row.get(name), float):
            values.setdefault(row.get("fold", ("member", index)), []).append(value)
    return np.array([np.mean(of_one) for of_one in values.values()])


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV, so that a kill in between leaves the old file."""
    columns = list(dict.fromkeys(itertools.chain(*rows)))
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    unfinished.replace(path)


def sweep_directory(flags: SweepFlags) -> Path:
    """The folder of a sweep, made empty.

    Raises:
        UserError: if it is not empty, and `--overwrite` was not given or it is not a sweep.
    """
    if flags.run_dir is None:
        if flags.overwrite:
            raise UserError("--overwrite needs the sweep's folder: add --run_dir runs/…")
        path = next(path for n in itertools.count(1) if not (path := Path("runs") / f"sweep-{n}").exists())
    else:
        path = Path(flags.run_dir)
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            ours = path.is_dir() and {entry.name for entry in path.iterdir()} <= {CSV, SUMMARY, CONTEXT, CURVE}
            if not ours:
                raise UserError(f"--run_dir must be new, empty or a sweep's folder, got {path}: take another")
            if not flags.overwrite:
                raise UserError(f"{path} holds a sweep already: add --overwrite to replace it, or take another")
            shutil.rmtree(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--run_dir must be a folder that can be written, got {path}: {error.strerror}") from error
    return path
