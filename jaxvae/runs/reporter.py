"""What a run says while it works, and to whom: nobody by default."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from jaxvae.training import Epoch, SweepEpoch


class EpochsBar(Protocol):
    """Progress over the epochs of a training."""

    def update(self, epoch: Epoch, steps_per_second: float) -> None:
        """One more epoch is done."""


class ExamplesBar(Protocol):
    """Progress over examples."""

    def advance(self, count: int) -> None:
        """So many more examples are done."""


class ProgramsBar(Protocol):
    """Progress over the programs of a sweep, and the epochs of each."""

    def start(self, members: int, epochs: int) -> None:
        """The next program begins."""

    def update(self, epoch: SweepEpoch) -> None:
        """One more epoch of all its members is done."""


class Reporter(Protocol):
    """Who is told what a run does. `Silent` tells nobody; the command line has one that writes to the terminal."""

    def line(self, text: str) -> None:
        """Something that is good to know."""

    def warning(self, text: str) -> None:
        """What is wrong with a figure or a run."""

    def interrupted(self, run_dir: Path) -> None:
        """A training was interrupted before its last epoch, and can go on from `run_dir`."""

    def epochs(self, monitor: str, total: int, done: int) -> AbstractContextManager[EpochsBar]:
        """A bar over epochs.

        Args:
            monitor: the score that the best epoch is chosen by.
            total: of the run [epochs].
            done: before this training [epochs].
        """
        ...

    def examples(self, what: str, total: int) -> AbstractContextManager[ExamplesBar]:
        """A bar over examples, `what` being measured of them."""
        ...

    def programs(self, total: int) -> AbstractContextManager[ProgramsBar]:
        """A bar over the programs of a sweep."""
        ...


class _NoBar:
    def start(self, members: int, epochs: int) -> None:
        pass

    def update(self, epoch: Epoch | SweepEpoch, steps_per_second: float = 0.0) -> None:
        pass

    def advance(self, count: int) -> None:
        pass


class Silent:
    """A reporter that says nothing.

    >>> Silent().line("nobody reads this")
    """

    def line(self, text: str) -> None:
        """Drop the line."""

    def warning(self, text: str) -> None:
        """Drop the warning."""

    def interrupted(self, run_dir: Path) -> None:
        """Nobody is told of an interrupted run."""

    def epochs(self, monitor: str, total: int, done: int) -> AbstractContextManager[EpochsBar]:
        """A bar that is not shown."""
        return nullcontext(_NoBar())

    def examples(self, what: str, total: int) -> AbstractContextManager[ExamplesBar]:
        """A bar that is not shown."""
        return nullcontext(_NoBar())

    def programs(self, total: int) -> AbstractContextManager[ProgramsBar]:
        """A bar that is not shown."""
        return nullcontext(_NoBar())


SILENT = Silent()
