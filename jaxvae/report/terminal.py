"""What a run shows on the terminal while it works: live bars."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from jaxvae.training import Epoch, SweepEpoch

_LINES_WITHOUT_TERMINAL = 10  # a log file gets so many lines in place of the bar


class _Bar:
    """What is shown between `with` and its end."""

    _progress: Progress

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


class TrainingBar(_Bar):
    """A bar over epochs with steps per second, scores and time left; plain lines where there is no terminal."""

    def __init__(self, console: Console, monitor: str, epochs: int, done: int) -> None:
        shown = "elbo" if monitor == "weighted_elbo" else monitor  # with β = 1 they are one; the true one is quoted
        self._console, self._shown, self._epochs = console, shown, epochs
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
        number, name = int(epoch.state.epoch), self._shown.replace("_", " ").replace("elbo", "ELBO")
        scores = (
            f"{steps_per_second:,.0f} steps/s {name} train {epoch.train[self._shown]:.2f} "
            f"val {epoch.validation[self._shown]:.2f}"
        )
        self._progress.update(self._task, completed=number, scores=scores)
        every = max(1, self._epochs // _LINES_WITHOUT_TERMINAL)
        if not (self._console.is_terminal or self._console.quiet) and (number % every == 0 or number == 1):
            print(f"epoch {number:>{len(str(self._epochs))}}/{self._epochs}  {scores}", flush=True)


class SweepBar(_Bar):
    """A bar over the epochs of each program of a sweep; plain lines where there is no terminal."""

    def __init__(self, console: Console, programs: int) -> None:
        self._console, self._programs, self._program = console, programs, 0
        self._epochs = self._epoch = self._members = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            MofNCompleteColumn(),
            BarColumn(bar_width=8),
            TextColumn("{task.fields[scores]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
            disable=not console.is_terminal,
        )

    def start(self, members: int, epochs: int) -> None:
        """The next program begins."""
        self._program, self._members, self._epochs, self._epoch = self._program + 1, members, epochs, 0
        name = f"program {self._program}/{self._programs}, {members} member{'s' if members > 1 else ''}, epoch"
        self._task = self._progress.add_task(name, total=epochs, scores="compiling …")

    def update(self, epoch: SweepEpoch) -> None:
        """Show one more epoch."""
        self._epoch += 1
        going = int(epoch.is_training.sum())
        scores = f"{self._members / epoch.seconds:,.1f} epochs/s, {going} go on" if going else "done"
        self._progress.update(self._task, completed=self._epoch if going else self._epochs, scores=scores)
        every = max(1, self._epochs // _LINES_WITHOUT_TERMINAL)
        if not self._console.is_terminal and (self._epoch % every == 0 or self._epoch == 1):
            where = f"program {self._program}/{self._programs}  epoch {self._epoch}/{self._epochs}"
            print(f"{where}  {self._members} members  {scores}", flush=True)


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
