"""From flags with several values to the members of a sweep."""

import dataclasses
import itertools
from collections.abc import Sequence

from jsonargparse import ArgumentParser

from jaxvae.cli.flags import construct, parse, pick
from jaxvae.cli.setup import set_up_from
from jaxvae.cli.words import is_negative_number
from jaxvae.data import Dataset, folds
from jaxvae.errors import UserError
from jaxvae.runs.data_flags import DataFlags, load_data
from jaxvae.runs.run_flags import RunFlags
from jaxvae.runs.sweep_flags import SweepFlags
from jaxvae.runs.sweep_jobs import Job

_FIXED = ("seeds", "folds", "num_samples", "run_dir", "overwrite", "config", "data_dir")
_SCORED = {field.name for field in dataclasses.fields(DataFlags)}  # another value scores other examples
_OF_A_RUN = {field.name for field in dataclasses.fields(RunFlags)} - {"seed", "num_samples", "run_dir", "overwrite"}


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
            if flag.partition(".")[0] in _SCORED:  # an option of a function of data, too
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
        UserError: for any mistake that a single run would be refused for.
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
            setup = set_up_from(values, dataset)
            jobs += [Job(labels, fold, flags.seed + k, setup) for k in range(flags.seeds)]
    return flags, jobs


def _splits(dataset: Dataset, count: int | None) -> list[tuple[int | None, Dataset]]:
    return [(None, dataset)] if count is None else list(enumerate(folds(dataset, count)))
