"""What a log shows of long work: some lines, each with the time left."""

import io
import re
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from jaxvae.cli.output import TerminalReporter
from jaxvae.report.pace import time_text
from jaxvae.report.terminal import ExampleBar, SweepBar, TrainingBar
from jaxvae.training import Epoch, SweepEpoch


def log() -> tuple[Console, io.StringIO]:
    """A console that is no terminal, and what it was told."""
    file = io.StringIO()
    return Console(file=file, width=80), file


def epoch(number: int, seconds: float) -> Epoch:
    state: Any = type("State", (), {"epoch": jnp.asarray(number)})
    return Epoch(state, {"elbo": -2.0}, {"elbo": -3.0}, True, seconds)


def test_training_says_the_time_left_from_the_first_epoch_on() -> None:
    """A slow first epoch counts alone only: then the mean of the others."""
    console, file = log()
    with TrainingBar(console, "weighted_elbo", epochs=50, done=0) as bar:
        for number in range(1, 51):
            bar.update(epoch(number, seconds=100.0 if number == 1 else 2.0), steps_per_second=7.0)
    lines = file.getvalue().splitlines()
    assert [int(re.findall(r"epoch +(\d+)/50", line)[0]) for line in lines] == [1, *range(5, 51, 5)]
    assert [line.rsplit("  ", 1)[1] for line in lines[:3]] == ["1:21:40 left", "1:30 left", "1:20 left"]
    assert lines[-1] == "epoch 50/50  7 steps/s ELBO train -2.00 val -3.00  0:00 left"


def test_training_that_is_resumed_says_so_at_once() -> None:
    console, file = log()
    with TrainingBar(console, "elbo", epochs=200, done=61) as bar:
        bar.update(epoch(62, seconds=1.0), steps_per_second=7.0)
    assert file.getvalue().startswith("epoch  62/200")
    assert file.getvalue().endswith("2:18 left\n")


def test_a_sweep_says_the_time_left_of_its_program() -> None:
    console, file = log()
    with SweepBar(console, programs=2) as bar:
        bar.start(members=3, epochs=20)
        for number in range(1, 5):
            going = np.array([True, number < 4, False]) & (number < 4)
            bar.update(SweepEpoch(None, {}, {}, going, seconds=9.0 if number == 1 else 3.0))  # type: ignore[arg-type]
    lines = file.getvalue().splitlines()
    assert [line.rsplit("  ", 1)[1] for line in lines] == ["2:51 left", "0:54 left", "0:00 left"]
    assert "program 1/2  epoch 4/20" in lines[-1]


@pytest.mark.parametrize(("total", "at_once"), [(1000, 4), (180, 8), (7, 2), (3, 3)])
def test_evaluation_says_in_ten_lines_at_most_how_many_examples_are_done(
    total: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that goes on by a second an example, after a first batch that compiles for a minute."""
    clock = [100.0]
    monkeypatch.setattr("jaxvae.report.terminal.time.monotonic", lambda: clock[0])
    console, file = log()
    with ExampleBar(console, "log p(x)", total) as bar:
        clock[0] += 60.0
        for start in range(0, total, at_once):
            count = min(at_once, total - start)
            clock[0] += count
            bar.advance(count)
    lines = file.getvalue().splitlines()
    assert 1 <= len(lines) <= 10
    assert len(lines) >= min(8, -(-total // at_once))
    for line in lines[1:]:
        done, left = re.fullmatch(rf"log p\(x\)  ([\d,]+)/{total:,} examples  (.*) left", line).groups()  # type: ignore[union-attr]
        assert left == time_text(total - int(done.replace(",", "")))
    assert lines[-1].startswith(f"log p(x)  {total:,}/{total:,} examples")


def test_a_quiet_console_stays_quiet_and_a_terminal_has_its_bar() -> None:
    quiet, shown = io.StringIO(), io.StringIO()
    for console in (Console(file=quiet, quiet=True), Console(file=shown, width=80, force_terminal=True)):
        with ExampleBar(console, "log p(x)", 4) as bar:
            bar.advance(2)
            bar.advance(2)
    assert quiet.getvalue() == ""
    assert "━" in shown.getvalue()
    assert "log p(x)  2/4 examples" not in shown.getvalue()  # a line of a log


def test_an_objective_may_report_what_it_likes() -> None:
    """Its monitor alone, under its own name; what training does not report is not shown."""
    console, file = log()
    with TrainingBar(console, "code_length", epochs=1, done=0) as bar:
        bar.update(epoch(1, seconds=1.0)._replace(train={"loss": 4.0}, validation={"code_length": -5.0}), 7.0)
    assert file.getvalue().startswith("epoch 1/1  7 steps/s code length val -5.00")


def test_a_line_keeps_its_brackets() -> None:
    """Those of a list or a file name are no markup."""
    console, out = log()
    TerminalReporter(console).warning("got [categorical:3] in [red]a.npz")
    assert out.getvalue() == "warning: got [categorical:3] in [red]a.npz\n"
