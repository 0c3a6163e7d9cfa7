"""What a run shows on the terminal while it works: live bars."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

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
