"""What a run shows on the terminal: a live bar while it works, a table at its end."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
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


def example_bar(console: Console) -> Progress:
    """A bar over examples, for evaluation."""
    return Progress(
        TextColumn("evaluating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("examples"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def evaluation_table(document: dict[str, Any]) -> Table:
    """The figures of `evaluation.json`, aligned."""
    table = Table(title=f"{document['data']}, {document['num_examples']:,} test examples", title_justify="left")
    for heading in ("", "nats", "± s.e.", "bits/dim"):
        table.add_column(heading, justify="left" if not heading else "right")
    samples = document["log_marginal"].get("num_samples")
    draws = f"{samples:,} sample{'s' if samples > 1 else ''}" if samples else ""
    rows = {
        "ELBO": document["elbo"],
        f"log p(x), {draws}" if draws else "log p(x)": document["log_marginal"],
        "rate (KL)": document["rate"],
        "distortion": document.get("distortion", document.get("reconstruction_distortion")),
        f"baseline: {document['baseline']['model']}": document["baseline"],
    }
    diagnostics = document["diagnostics"]
    if "mutual_information" in diagnostics:
        information = diagnostics["mutual_information"]
        rows[f"I(x; z), at most {information['upper_bound']:.2f}"] = information
        rows["KL(q(z) ‖ p(z))"] = diagnostics["marginal_kl"]
    for name, figure in rows.items():
        if figure["value"] is None:
            table.add_row(name, "none", "", "")
        else:
            bits = figure.get("bits_per_dimension")
            table.add_row(
                name,
                f"{figure['value']:,.3f}",
                "" if figure["standard_error"] is None else f"{figure['standard_error']:.3f}",
                "" if bits is None else f"{bits:.4f}",
            )
    if "active_units" in diagnostics:
        units = diagnostics["active_units"]
        table.add_row("active units", f"{units['value']} of {units['of']}", "", "")
    return table
