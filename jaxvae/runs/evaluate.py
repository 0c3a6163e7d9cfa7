"""From a trained run to `evaluation.json`: groups of metrics, where a failure of one leaves the others."""

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
from rich.console import Console

from jaxvae.data.preprocessing import content_hash
from jaxvae.errors import UserError, nearest
from jaxvae.evaluation import missing, provenance
from jaxvae.invoked import invoked
from jaxvae.report.table import evaluation_table
from jaxvae.runs.density_metrics import annealed, gaps, latents, likelihood
from jaxvae.runs.directory import EVALUATION
from jaxvae.runs.draws import MOST_DRAWS
from jaxvae.runs.sample_metrics import representation, samples
from jaxvae.runs.setup import Setup
from jaxvae.runs.subject import EvaluationFlags, Subject, warn
from jaxvae.runs.verdict import verdict
from jaxvae.training import TrainState


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
    "samples": Group(samples, ("samples",)),
    "representation": Group(representation, ("representation", "disentanglement")),
}
_OF_SEVERAL = ("samples", "representation")  # groups in which some figures may be missing


def chosen_groups(names: Sequence[str]) -> tuple[str, ...]:
    """The requested groups; `all` means every one.

    Raises:
        UserError: for an unknown name.
    """
    for name in names:
        if name not in GROUPS and name != "all":
            raise UserError(f"--metrics must be of {', '.join(GROUPS)} or all; got {name!r}{nearest(name, GROUPS)}")
    return tuple(GROUPS) if "all" in names else tuple(names)


def evaluate_run(
    run_dir: Path,
    setup: Setup,
    state: TrainState,
    seed: int,
    flags: EvaluationFlags,
    console: Console,
    file: str = EVALUATION,
) -> dict[str, Any]:
    """Measure a test set, write `evaluation.json` or another file in the run's folder, and show the table.

    A group or a figure that cannot be measured gets one line, and its reason in the document. The
    document is written after each group. Groups of an earlier evaluation stay in it if that was made with the same
    parameters and data, by the same code and machine; else the earlier document is kept next to it.

    Returns:
        The document that was written.
    """
    check_writable(run_dir / file)
    training, dataset = setup.training, setup.dataset
    x = training.preprocessing.for_evaluation(dataset.test.images, "test")
    subject = Subject(setup, state, seed, x, flags, console)
    document = provenance(
        x,
        data=dataset.name,
        split="test",
        binarize=training.preprocessing.binarize,
        dequantize=training.preprocessing.dequantize,
        symmetric=training.preprocessing.symmetric,
        parameters="current" if state.average is None else "moving average",
        checkpoint="best",
        epoch=int(state.epoch),
        step=int(state.step),
        seed=seed,
        parameters_sha256=content_hash(*jax.tree.leaves(state.evaluation_params)),
        train_set_sha256=content_hash(dataset.train.images),
    )
    document |= _earlier(run_dir / file, document, flags.metrics, console)
    if "likelihood" in flags.metrics:
        _keep_finer(run_dir / file, document, flags.num_samples * flags.num_repeats, console)
    said: set[str] = set()
    for name in flags.metrics:
        for entry in (name, *GROUPS[name].entries):
            document.pop(entry, None)
        try:
            found = GROUPS[name].measure(subject)
            document |= found
            for line in sorted(_remarks(found[name]) - said) if name in _OF_SEVERAL else ():
                warn(console, f"{name}: {line}")
                said.add(line)
        except Exception as error:  # after any error, the other groups are measured
            reason = str(error) if isinstance(error, (UserError, NotImplementedError)) else repr(error)
            warn(console, f"{name}: {reason}")
            document[name] = missing(reason)
        write_document(run_dir / file, document)
    console.print()
    if {"likelihood", "latents"} & set(flags.metrics) and (line := verdict(document, setup, state)) is not None:
        console.print(line, style="bold red", markup=False, highlight=False, soft_wrap=True)
    console.print(evaluation_table(document))
    if "likelihood" in flags.metrics and (line := _bound_line(run_dir, document)) is not None:
        console.print(line, highlight=False, soft_wrap=True)
    return document


def _bound_line(run_dir: Path, document: dict[str, Any]) -> str | None:
    """A line for log p(x) with fewer draws than papers use, and the command for more; else None."""
    entry = document.get("log_marginal", {})
    is_estimate = entry.get("value") is not None and "note" not in entry  # the note says that it is the ELBO itself
    if not is_estimate or entry["num_samples"] >= MOST_DRAWS:
        return None
    return (
        f"log p(x) by {entry['num_samples']:,} draws is a lower bound that more draws raise; by {MOST_DRAWS:,}:\n"
        f"       {invoked('evaluate')} {run_dir} --num_samples {MOST_DRAWS}"
    )


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before hours are spent on its contents.

    Raises:
        UserError: with the reason.
    """
    if path.is_dir():
        raise UserError(f"{path} must be a file, got a folder: move it away")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        folder = path.parent
        raise UserError(f"the run's folder must be one that can be written, got {folder}: {error.strerror}") from error


def _earlier(path: Path, context: dict[str, Any], measured: Sequence[str], console: Console) -> dict[str, Any]:
    """The entries of an earlier evaluation of the same parameters and data, by the same code and machine; else none."""
    earlier = _read(path)
    # data are the same in any place: their hashes show it
    told = {name: value for name, value in context.items() if name != "data"}
    others = [name for name, value in told.items() if _identity(earlier.get(name)) != _identity(value)]
    if not others:
        return earlier
    groups = {name for name, group in GROUPS.items() if any(entry in earlier for entry in (name, *group.entries))}
    if lost := [name for name in GROUPS if name in groups - set(measured)]:
        kept = path.with_name(f"{path.stem}.earlier{path.suffix}")
        path.replace(kept)
        warn(
            console,
            f"the earlier figures of {', '.join(lost)} are left out, and kept in {kept.name}: they are of another "
            f"{', '.join(others)}",
        )
    return {}


def _read(path: Path) -> dict[str, Any]:
    """A document of an evaluation; empty if it is missing, or not JSON, or not text."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _num_draws(document: dict[str, Any]) -> int:
    """Draws an example behind log p(x), over all repeats; 1 if it has none."""
    known = document.get("log_marginal")
    counts = [known.get(name) for name in ("num_samples", "num_repeats")] if isinstance(known, dict) else []
    return math.prod(count for count in counts if isinstance(count, int))


def _keep_finer(path: Path, earlier: dict[str, Any], num_draws: int, console: Console) -> None:
    """Keep the file next to the new one if its log p(x) has more draws than the new one will have."""
    before = _num_draws(earlier)
    if before <= max(num_draws, 1):
        return
    kept = path.with_name(f"{path.stem}.finer{path.suffix}")
    known = _read(kept)
    if known.get("parameters_sha256") != earlier.get("parameters_sha256") or _num_draws(known) < before:
        shutil.copyfile(path, kept)
    warn(
        console,
        f"the earlier log p(x) is of {before:,} draws an example, this one of {num_draws:,}: "
        f"the finest figures are kept in {kept.name}",
    )


def _identity(entry: Any) -> Any:
    """Code is identified by its sources and the packages: two commits may differ elsewhere."""
    return {name: value for name, value in entry.items() if name != "commit"} if isinstance(entry, dict) else entry


def _remarks(entry: Any) -> set[str]:
    """Remarks on figures: warnings, and the reasons for missing ones."""
    if not isinstance(entry, dict):
        return set()
    own = {entry[name] for name in ("warning", "reason") if name in entry}
    return own.union(*(_remarks(value) for value in entry.values()))


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write JSON so that a kill in between leaves the old file; a number that is not finite is written as null."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(json.dumps(_finite(document), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _finite(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {name: _finite(value) for name, value in entry.items()}
    if isinstance(entry, list):
        return [_finite(value) for value in entry]
    return None if isinstance(entry, float) and not math.isfinite(entry) else entry
