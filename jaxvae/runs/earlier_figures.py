"""What becomes of the figures of an earlier evaluation of a run."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxvae.runs.documents import read_document
from jaxvae.runs.metric_groups import ENTRIES, GROUPS
from jaxvae.runs.reporter import Reporter


def earlier_figures(path: Path, context: dict[str, Any], measured: Sequence[str], reporter: Reporter) -> dict[str, Any]:
    """The entries of an earlier evaluation of the same parameters and data, by the same code and machine; else none."""
    earlier = read_document(path)
    # data are the same in any place: their hashes show it
    told = {name: value for name, value in context.items() if name != "data"}
    others = [name for name, value in told.items() if _identity(earlier.get(name)) != _identity(value)]
    if not others:
        return earlier
    groups = {name for name, group in GROUPS.items() if any(entry in earlier for entry in (name, *group.entries))}
    own = sorted(set(earlier) - set(context) - ENTRIES)  # of groups of the user's
    if lost := [*(name for name in GROUPS if name in groups - set(measured)), *own]:
        kept = path.with_name(f"{path.stem}.earlier{path.suffix}")
        path.replace(kept)
        reporter.warning(
            f"the earlier figures of {', '.join(lost)} are left out, and kept in {kept.name}: they are of another "
            f"{', '.join(others)}",
        )
    return {}


def _num_draws(document: dict[str, Any]) -> int:
    """Draws an example behind log p(x), over all repeats; 1 if it has none."""
    known = document.get("log_marginal")
    counts = [known.get(name) for name in ("num_samples", "num_repeats")] if isinstance(known, dict) else []
    return math.prod(count for count in counts if isinstance(count, int))


def keep_finer(path: Path, earlier: dict[str, Any], num_draws: int, reporter: Reporter) -> None:
    """Keep the file next to the new one if its log p(x) has more draws than the new one will have."""
    before = _num_draws(earlier)
    if before <= max(num_draws, 1):
        return
    kept = path.with_name(f"{path.stem}.finer{path.suffix}")
    known = read_document(kept)
    if known.get("parameters_sha256") != earlier.get("parameters_sha256") or _num_draws(known) < before:
        shutil.copyfile(path, kept)
    reporter.warning(
        f"the earlier log p(x) is of {before:,} draws an example, this one of {num_draws:,}: "
        f"the finest figures are kept in {kept.name}",
    )


def _identity(entry: Any) -> Any:
    """Code is identified by its sources and the packages: two commits may differ elsewhere."""
    return {name: value for name, value in entry.items() if name != "commit"} if isinstance(entry, dict) else entry
