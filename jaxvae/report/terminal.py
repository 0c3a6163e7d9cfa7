"""Progress of a run: live bars on a terminal, some plain lines in a log, both with the time left."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from jaxvae.report.pace import Pace, time_text
from jaxvae.training import Epoch, SweepEpoch

_LINES_WITHOUT_TERMINAL = 10  # number of lines in a log file instead of the bar


class _TimeLeft(ProgressColumn):
    """Counts down the time of the last update."""

    def render(self, task: Task) -> Text:
        ends_at = task.fields.get("ends_at")
        return Text("-:--" if ends_at is None else time_text(max(ends_at - time.monotonic(), 0.0)))


class _Bar:
    """The display between `with` and its end: a bar on a terminal, else some lines."""

    def __init__(self, console: Console, *columns: ProgressColumn) -> None:
        self._console = console
        self._progress = Progress(
            *columns, _TimeLeft(), TextColumn("left"), console=console, disable=not console.is_terminal
        )

    def _say(self, line: str) -> None:
        if not self._console.is_terminal:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


class TrainingBar(_Bar):
    """A bar over epochs with steps per second, scores and time left."""

    def __init__(self, console: Console, monitor: str, epochs: int, done: int) -> None:
        super().__init__(  # fits 80 columns
            console,
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(bar_width=6),
            TextColumn("{task.fields[scores]}"),
        )
        self._monitor = monitor
        self._epochs, self._done, self._pace = epochs, done, Pace()
        self._task = self._progress.add_task("training", total=epochs, completed=done, scores="compiling …")

    def update(self, epoch: Epoch, steps_per_second: float) -> None:
        """Show one more epoch."""
        number = int(epoch.state.epoch)
        scores = f"{steps_per_second:,.0f} steps/s {self._scores(epoch)}"
        self._pace.add(epoch.seconds)
        left = self._pace.left(self._epochs - number)
        self._progress.update(self._task, completed=number, scores=scores, ends_at=time.monotonic() + left)
        every = max(1, self._epochs // _LINES_WITHOUT_TERMINAL)
        if number % every == 0 or number == self._done + 1:
            self._say(f"epoch {number:>{len(str(self._epochs))}}/{self._epochs}  {scores}  {time_text(left)} left")

    def _scores(self, epoch: Epoch) -> str:
        """The monitored score in training and validation; of two ELBOs the true one, which is the one to quote."""
        has_true_one = self._monitor == "weighted_elbo" and "elbo" in epoch.validation
        name = "elbo" if has_true_one else self._monitor
        title = name.replace("_", " ").replace("elbo", "ELBO")
        in_training = f"train {epoch.train[name]:.2f} " if name in epoch.train else ""
        return f"{title} {in_training}val {epoch.validation[name]:.2f}"


class SweepBar(_Bar):
    """A bar over the epochs of each program of a sweep."""

    def __init__(self, console: Console, programs: int) -> None:
        columns = TextColumn("{task.description}"), MofNCompleteColumn(), BarColumn(bar_width=8)
        super().__init__(console, *columns, TextColumn("{task.fields[scores]}"))
        self._programs, self._program = programs, 0
        self._epochs = self._epoch = self._members = 0

    def start(self, members: int, epochs: int) -> None:
        """The next program begins."""
        self._program, self._members, self._epochs, self._epoch = self._program + 1, members, epochs, 0
        self._pace = Pace()
        name = f"program {self._program}/{self._programs}, {members} member{'s' if members > 1 else ''}, epoch"
        self._task = self._progress.add_task(name, total=epochs, scores="compiling …")

    def update(self, epoch: SweepEpoch) -> None:
        """Show one more epoch."""
        self._epoch += 1
        going = int(epoch.is_training.sum())
        scores = f"{self._members / epoch.seconds:,.1f} epochs/s, {going} go on" if going else "done"
        self._pace.add(epoch.seconds)
        left = self._pace.left(self._epochs - self._epoch) if going else 0.0
        completed = self._epoch if going else self._epochs
        self._progress.update(self._task, completed=completed, scores=scores, ends_at=time.monotonic() + left)
        every = max(1, self._epochs // _LINES_WITHOUT_TERMINAL)
        if self._epoch % every == 0 or self._epoch == 1 or not going:
            where = f"program {self._program}/{self._programs}  epoch {self._epoch}/{self._epochs}"
            self._say(f"{where}  {self._members} members  {scores}  {time_text(left)} left")


class ExampleBar(_Bar):
    """A bar over examples, for evaluation."""

    def __init__(self, console: Console, what: str, total: int) -> None:
        super().__init__(console, TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("examples"))
        self._what, self._total, self._done = what, total, 0
        self._pace, self._at = Pace(), time.monotonic()
        self._task = self._progress.add_task(what, total=total)

    def advance(self, count: int) -> None:
        """So many more examples are done."""
        now, before = time.monotonic(), self._done
        self._pace.add(now - self._at, count)
        self._at, self._done = now, before + count
        left = self._pace.left(self._total - self._done)
        self._progress.update(self._task, completed=self._done, ends_at=now + left)
        if self._done * _LINES_WITHOUT_TERMINAL // self._total > before * _LINES_WITHOUT_TERMINAL // self._total:
            self._say(f"{self._what}  {self._done:,}/{self._total:,} examples  {time_text(left)} left")
