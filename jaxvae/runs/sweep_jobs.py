"""Members of a sweep, and the programs that they train in."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax

from jaxvae.errors import UserError
from jaxvae.runs.data_flags import check_in_memory
from jaxvae.runs.first_state import first_state, shapes_of
from jaxvae.runs.setup import Setup
from jaxvae.runs.setup_checks import check_start, check_traces
from jaxvae.training import members_at_once


class Job(NamedTuple):
    """One member of a sweep."""

    labels: dict[str, str]
    """The swept flags with this member's values."""
    fold: int | None
    seed: int
    setup: Setup


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
        check_start(setup)
        check_traces(setup)
        state = jax.eval_shape(lambda setup=setup, job=group[0]: first_state(setup, job.seed))
        most = members_at_once(setup.training, state, shapes_of(setup.dataset.train))
        if most < 1:
            raise UserError(
                "a member of the sweep must fit the memory, got one that by estimate does not: lower `batch_size`, or "
                "train it alone, which measures"
            )
        count = -(-len(group) // most)
        chunks += [group[k * len(group) // count : (k + 1) * len(group) // count] for k in range(count)]
    return chunks
