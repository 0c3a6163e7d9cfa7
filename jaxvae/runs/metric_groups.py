"""Groups of metrics: what measures them, and which entries of `evaluation.json` are theirs."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jaxvae.calls import is_call
from jaxvae.errors import UserError, nearest
from jaxvae.runs.annealing_metrics import annealed
from jaxvae.runs.density_metrics import latents, likelihood
from jaxvae.runs.gap_metrics import gaps
from jaxvae.runs.observation_metrics import classification, clusters, imputation, possible_groups
from jaxvae.runs.own_metrics import own_group
from jaxvae.runs.sample_metrics import representation, samples
from jaxvae.runs.subject import Subject
from jaxvae.runs.trained import TrainedRun


class Group(NamedTuple):
    """A group of metrics: its function, and its entries of the document."""

    measure: Callable[[Subject], dict[str, Any]]
    entries: tuple[str, ...]


_LIKELIHOOD = (
    *("elbo", "log_marginal", "rate", "distortion", "reconstruction_distortion"),
    *("baseline", "family_baseline", "prior"),
)
GROUPS: dict[str, Group] = {
    "likelihood": Group(likelihood, _LIKELIHOOD),
    "latents": Group(latents, ("diagnostics",)),
    "gaps": Group(gaps, ("gaps",)),
    "annealed": Group(annealed, ("annealed",)),
    "imputation": Group(imputation, ("imputation",)),
    "classification": Group(classification, ("classification",)),
    "clusters": Group(clusters, ("clusters",)),
    "samples": Group(samples, ("samples",)),
    "representation": Group(representation, ("representation", "disentanglement")),
}


ENTRIES = {*GROUPS, *(entry for group in GROUPS.values() for entry in group.entries)}
"""Names of entries that are the library's own."""


def group_of(name: str) -> Group:
    """The group of a name, or the one that lies at an import path."""
    return Group(own_group(name), ()) if is_call(name) else GROUPS[name]


def chosen_groups(names: Sequence[str] | None, run: TrainedRun) -> tuple[str, ...]:
    """The groups that are asked for; `all` stands for every one of the library's, None for what fits the run.

    Raises:
        UserError: for an unknown name, or an import path without a group.
    """
    if names is None:
        return ("likelihood", "latents", *possible_groups(run))
    own = [name for name in names if is_call(name)]
    for name in names:
        if name in own:
            own_group(name)
        elif name not in GROUPS and name != "all":
            raise UserError(
                f"`metrics` must be of {', '.join(GROUPS)}, all, or the import path of a function of yours; got "
                f"{name!r}{nearest(name, GROUPS)}"
            )
    return (*GROUPS, *own) if "all" in names else tuple(names)
