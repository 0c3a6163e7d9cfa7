"""From a trained run to `evaluation.json`: groups of metrics, where a failure of one leaves the others."""

from typing import Any

import jax
import numpy as np

from jaxvae.data import Split
from jaxvae.data.preprocessing import content_hash
from jaxvae.errors import UserError
from jaxvae.evaluation import missing
from jaxvae.evaluation.provenance import provenance
from jaxvae.runs.documents import check_writable, write_document
from jaxvae.runs.earlier_figures import earlier_figures, keep_finer
from jaxvae.runs.evaluation_flags import EvaluationFlags
from jaxvae.runs.folder import EVALUATION
from jaxvae.runs.metric_groups import ENTRIES, GROUPS, chosen_groups, group_of
from jaxvae.runs.own_metrics import WrongEntriesError, check_entries
from jaxvae.runs.reporter import SILENT, Reporter
from jaxvae.runs.subject import Subject
from jaxvae.runs.trained import TrainedRun

_OF_SEVERAL = ("samples", "representation")  # groups with some figures, even if others fail


def evaluate_run(
    run: TrainedRun, flags: EvaluationFlags | None = None, *, reporter: Reporter = SILENT, file: str = EVALUATION
) -> dict[str, Any]:
    """Measure the test set of a run, and write `evaluation.json` or another file in its folder.

    A group or a figure that cannot be measured gets one line, and its reason in the document. The
    document is written after each group. Groups of an earlier evaluation stay in it if that was made with the same
    parameters and data, by the same code and machine; else the earlier document is kept next to it.

    Args:
        run: what was trained.
        flags: what to measure; by default what fits the run, with the run's number of samples.
        reporter: who is told of it.
        file: name of the file.

    Returns:
        The document that was written.

    Raises:
        UserError: for an unknown group, or if the file cannot be written; at the end, if a group that the flags name
            does not apply to the run; if one of the user's returned something else than entries.
    """
    flags = EvaluationFlags(num_samples=run.num_samples) if flags is None else flags
    groups, named = chosen_groups(flags.metrics, run), flags.metrics or ()
    path = run.run_dir / file
    check_writable(path)
    training, dataset, state = run.setup.training, run.setup.dataset, run.state
    x = training.preprocessing.examples(dataset.test, "test")
    subject = Subject(run.setup, state, run.seed, x, flags, reporter)
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
        seed=run.seed,
        parameters_sha256=content_hash(*jax.tree.leaves(state.evaluation_params)),
        train_set_sha256=content_hash(dataset.train.training_examples()),
        **_what_is_known(dataset.test, training.model),
    )
    taken = {*document, *ENTRIES}
    document |= earlier_figures(path, document, groups, reporter)
    if "likelihood" in groups:
        keep_finer(path, document, flags.num_samples * flags.num_repeats, reporter)
    said: set[str] = set()
    owners: dict[str, str] = {}  # the function of the user's that measured an entry: another must not replace it
    refused: list[UserError] = []
    for name in groups:
        group = group_of(name)
        for entry in (name, *group.entries):
            document.pop(entry, None)
        try:
            found = group.measure(subject)
            if name not in GROUPS:
                function = name.partition("(")[0]
                check_entries(name, found, taken | {entry for entry, other in owners.items() if other != function})
                owners |= dict.fromkeys(found, function)
            document |= found
            for line in sorted(_remarks(found[name]) - said) if name in _OF_SEVERAL else ():
                reporter.warning(f"{name}: {line}")
                said.add(line)
        except WrongEntriesError as error:
            refused.append(error)
            document[name] = missing(error)
        except Exception as error:  # the other groups are wanted all the same
            is_users = isinstance(error, (UserError, NotImplementedError))
            reason = str(error) if is_users else repr(error)
            line = reason if reason.startswith(name) else f"{name}: {reason}"
            if is_users and name in GROUPS and name in named:
                refused.append(UserError(line))
            else:
                reporter.warning(line)
            document[name] = missing(reason)
        write_document(path, document)
    if refused:  # the figures of the others are written
        raise refused[0] if len(refused) == 1 else UserError("; ".join(map(str, refused)))
    return document


def _what_is_known(test: Split, model: Any) -> dict[str, Any]:
    """The share of hidden test entries and the columns of the condition, for data that have them."""
    known: dict[str, Any] = {}
    if test.observed is not None:
        known["hidden_share"] = float(1.0 - np.mean(test.observed))
    if (condition := getattr(model, "condition", None)) is not None:
        known["condition"] = list(condition.columns)
    return known


def _remarks(entry: Any) -> set[str]:
    """Remarks on figures: warnings, and the reasons for missing ones."""
    if not isinstance(entry, dict):
        return set()
    own = {entry[name] for name in ("warning", "reason") if name in entry}
    return own.union(*(_remarks(value) for value in entry.values()))
