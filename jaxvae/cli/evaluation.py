"""From a trained run to `evaluation.json`: groups of metrics, of which one that fails leaves the others alone."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from jaxvae.cli.density_metrics import annealed, gaps, latents, likelihood
from jaxvae.cli.run_directory import EVALUATION
from jaxvae.cli.sample_metrics import representation, samples
from jaxvae.cli.setup import Setup
from jaxvae.cli.subject import EvaluationFlags, Subject, warn
from jaxvae.errors import UserError, nearest
from jaxvae.evaluation import missing, provenance
from jaxvae.report.table import evaluation_table
from jaxvae.training import TrainState

GROUPS: dict[str, Callable[[Subject], dict[str, Any]]] = {
    "likelihood": likelihood,
    "latents": latents,
    "gaps": gaps,
    "annealed": annealed,
    "samples": samples,
    "representation": representation,
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


def evaluate_run(
    run_dir: Path, setup: Setup, state: TrainState, seed: int, flags: EvaluationFlags, console: Console
) -> dict[str, Any]:
    """Measure a test set, write `evaluation.json`, and show the table.

    A group that cannot be measured is said in one line, and stands in the document with its reason. Groups of an
    earlier evaluation stay in the document where it was made of the same parameters and data, by the same code and
    machine.

    Returns:
        The document that was written.
    """
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
    )
    document |= _earlier(run_dir / EVALUATION, document)
    for name in flags.metrics:
        try:
            document |= GROUPS[name](subject)
        except (UserError, NotImplementedError) as error:
            warn(console, f"{name}: {error}")
            document[name] = missing(str(error))
    write_document(run_dir / EVALUATION, document)
    console.print()
    console.print(evaluation_table(document))
    return document


def _earlier(path: Path, context: dict[str, Any]) -> dict[str, Any]:
    """The entries of an earlier evaluation of the same parameters and data, by the same code and machine; else none."""
    try:
        earlier = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError):
        return {}
    return earlier if all(earlier.get(name) == value for name, value in context.items()) else {}


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write JSON so that a kill in between leaves the old file."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(json.dumps(document, indent=2) + "\n")
    unfinished.replace(path)
