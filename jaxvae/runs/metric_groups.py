"""Groups of metrics: what measures them, and which entries of `evaluation.json` are theirs."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jaxvae.errors import UserError, nearest
from jaxvae.runs.annealing_metrics import annealed
from jaxvae.runs.density_metrics import latents, likelihood
from jaxvae.runs.gap_metrics import gaps
from jaxvae.runs.sample_metrics import representation, samples
from jaxvae.runs.subject import Subject


class Group(NamedTuple):
    """A group of metrics: what measures it, and the entries of the document that are its own."""

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
    "samples": Group(samples, ("samples",)),
    "representation": Group(representation, ("representation", "disentanglement")),
}


def chosen_groups(names: Sequence[str]) -> tuple[str, ...]:
    """The groups that are asked for; `all` stands for every one.

    Raises:
        UserError: for a name that is none.
    """
    for name in names:
        if name not in GROUPS and name != "all":
            raise UserError(f"--metrics must be of {', '.join(GROUPS)} or all; got {name!r}{nearest(name, GROUPS)}")
    return tuple(GROUPS) if "all" in names else tuple(names)
