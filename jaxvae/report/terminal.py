"""What a run shows on the terminal: a live bar while it works, a table at its end."""

from types import TracebackType
from typing import Any, NamedTuple, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from jaxvae.training import Epoch

_LINES_WITHOUT_TERMINAL = 10  # a log file gets so many lines in place of the bar


class TrainingBar:
    """A bar over epochs with steps per second, scores and time left; plain lines where there is no terminal."""

    def __init__(self, console: Console, monitor: str, epochs: int, done: int) -> None:
        self._console, self._monitor, self._epochs = console, monitor, epochs
        self._progress = Progress(  # fits 80 columns
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(bar_width=6),
            TextColumn("{task.fields[scores]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("training", total=epochs, completed=done, scores="compiling …")

    def update(self, epoch: Epoch, steps_per_second: float) -> None:
        """Show one more epoch."""
        number, name = int(epoch.state.epoch), self._monitor.replace("_", " ").replace("elbo", "ELBO")
        scores = (
            f"{steps_per_second:,.0f} steps/s {name} train {epoch.train[self._monitor]:.2f} "
            f"val {epoch.validation[self._monitor]:.2f}"
        )
        self._progress.update(self._task, completed=number, scores=scores)
        every = max(1, self._epochs // _LINES_WITHOUT_TERMINAL)
        if not self._console.is_terminal and (number % every == 0 or number == 1):
            print(f"epoch {number:>{len(str(self._epochs))}}/{self._epochs}  {scores}", flush=True)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def example_bar(console: Console, what: str) -> Progress:
    """A bar over examples, for evaluation."""
    return Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("examples"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class Row(NamedTuple):
    """One line of the table of an evaluation: name, value, error, and what else is to be said."""

    name: str
    value: str
    error: str = ""
    more: str = ""


def evaluation_rows(document: dict[str, Any]) -> dict[str, list[Row]]:
    """The figures of `evaluation.json` as text, by section."""
    sections: dict[str, list[Row]] = {}
    for title, entries in _SECTIONS.items():
        rows = [row for path, name in entries.items() if (row := _row(name, _at(document, path))) is not None]
        if rows:
            sections[title] = rows
    return sections


# section: path of a figure in the document -> its name in the table
_SECTIONS = {
    "likelihood [nats]": {
        "elbo": "ELBO",
        "log_marginal": "log p(x)",
        "log_marginal.draw_error": "its error by draws",
        "log_marginal.effective_sample_size": "effective sample size",
        "log_marginal.pareto_shape": "Pareto k̂ of the weights",
        "rate": "rate (KL)",
        "distortion": "distortion",
        "reconstruction_distortion": "distortion of reconstructions",
        "baseline": "baseline",
        "likelihood": "likelihood",
    },
    "latents [nats]": {
        "diagnostics.mutual_information": "I(x; z)",
        "diagnostics.marginal_kl": "KL(q(z) ‖ p(z))",
        "diagnostics.active_units": "active units",
        "latents": "latents",
    },
    "gaps [nats]": {
        "gaps.approximation_gap": "approximation gap",
        "gaps.amortization_gap": "amortisation gap",
        "gaps": "gaps",
    },
    "annealing [nats]": {
        "annealed.test.log_marginal": "log p(x), test",
        "annealed.test.above_importance_weighted": "by it above importance",
        "annealed.simulated.lower": "simulated, from below",
        "annealed.simulated.upper": "simulated, from above",
        "annealed.simulated.gap": "width of the bracket",
        "annealed": "annealed",
    },
}


def _at(document: dict[str, Any], path: str) -> dict[str, Any] | None:
    entry: Any = document
    for name in path.split("."):
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry


def _row(name: str, entry: dict[str, Any] | None) -> Row | None:
    """The line of an entry; None for one that is not there, or holds others."""
    if entry is None:
        return None
    if "median" in entry:
        share = f"{entry['share_above']:.0%} of examples above {entry['threshold']:.2f}"
        return Row(f"{name}, median", f"{entry['median']:.2f}", more=share)
    if "value" not in entry:
        return None
    if entry["value"] is None:
        return Row(name, "none", more=entry["reason"])
    if "of" in entry:
        return Row(name, f"{entry['value']} of {entry['of']}")
    more = [f"{entry['num_samples']:,} samples"] if "num_samples" in entry else []
    if entry.get("num_repeats", 1) > 1:
        more.append(f"{entry['num_repeats']} repeats ± {entry['repeat_error']:.3f}")
    if "upper_bound" in entry:
        more.append(f"at most {entry['upper_bound']:.2f}")
    if "model" in entry:
        more.append(entry["model"])
    if entry.get("bits_per_dimension") is not None:
        more.insert(0, f"{entry['bits_per_dimension']:.4f} bits/dim")
    error = entry.get("standard_error")
    return Row(name, f"{entry['value']:,.3f}", "" if error is None else f"{error:.3f}", ", ".join(more))


def _title(document: dict[str, Any]) -> str:
    return f"{document['data']}, {document['num_examples']:,} test examples"


def evaluation_table(document: dict[str, Any]) -> Table:
    """The figures of `evaluation.json`, aligned."""
    table = Table(title=_title(document), title_justify="left")
    for heading in ("", "value", "± s.e.", "more"):
        table.add_column(heading, justify="right" if heading in ("value", "± s.e.") else "left", overflow="fold")
    for title, rows in evaluation_rows(document).items():
        table.add_section()
        table.add_row(f"[bold]{escape(title)}[/bold]")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
    return table


def evaluation_markdown(document: dict[str, Any]) -> str:
    """The same table as Markdown."""
    lines = [f"**{_title(document)}**", "", "| | value | ± s.e. | more |", "|---|---:|---:|---|"]
    for title, rows in evaluation_rows(document).items():
        lines.append(f"| **{title}** | | | |")
        lines.extend(f"| {' | '.join(row).replace('p(x|', 'p(x&#124;')} |" for row in rows)
    return "\n".join(lines)
