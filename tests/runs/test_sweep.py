"""Members of a sweep as programs, and means over them."""

from pathlib import Path

import pytest

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.sweep_plan import plan
from jaxvae.errors import UserError
from jaxvae.runs.sweep import run_sweep
from jaxvae.runs.sweep_flags import SweepFlags
from jaxvae.runs.sweep_jobs import programs
from jaxvae.runs.sweep_summary import summary


def test_what_shares_shapes_is_one_program() -> None:
    parser = experiment_parser("", SweepFlags)
    words = ["--objective.beta", "1", "2", "4", "--seeds", "5", "--latent_dim", "2", "3"]
    _, jobs = plan(parser, words)
    assert [len(chunk) for chunk in programs(jobs)] == [15, 15]
    _, jobs = plan(parser, ["--folds", "4", "--learning_rate", "1e-3", "1e-4"])
    assert [(chunk[0].fold, len(chunk)) for chunk in programs(jobs)] == [(k, 2) for k in range(4)]


def test_what_does_not_fit_the_memory_is_chunked(monkeypatch: pytest.MonkeyPatch) -> None:
    _, jobs = plan(experiment_parser("", SweepFlags), ["--seeds", "7"])
    monkeypatch.setattr("jaxvae.runs.sweep_jobs.members_at_once", lambda *_: 3)
    assert [len(chunk) for chunk in programs(jobs)] == [2, 2, 3]


def test_members_that_do_not_compare_are_refused(tmp_path: Path) -> None:
    _, (job,) = plan(experiment_parser("", SweepFlags), [])
    for jobs in ([], [job._replace(labels={"beta": "1"}), job._replace(labels={"prior": "Vamp"})]):
        with pytest.raises(UserError, match="`jobs` must be one or more, all with labels of the same names"):
            run_sweep(jobs, SweepFlags(run_dir=str(tmp_path / "sweep")))
    assert not (tmp_path / "sweep").exists()


def test_a_mean_over_members_leaves_out_those_without_figures() -> None:
    rows = [{"a": "1", "seed": k, "elbo": value, "elbo_error": 0.1} for k, value in enumerate((-3.0, -5.0))]
    (line,) = summary([*rows, {"a": "1", "seed": 2, "note": "no longer finite in epoch 2"}], ["a"])
    assert (line["elbo"], line["elbo_error"], line["members"]) == (-4.0, 1.0, 2)


def test_seeds_of_one_fold_are_no_independent_values() -> None:
    """Means of folds are −2 and −4; the seeds within a fold differ little."""
    values = {0: (-2.1, -1.9), 1: (-4.1, -3.9)}
    rows = [
        {"fold": fold, "seed": seed, "elbo": value, "elbo_error": 0.1}
        for fold, of_fold in values.items()
        for seed, value in enumerate(of_fold)
    ]
    (line,) = summary(rows, [])
    assert (line["elbo"], line["elbo_error"], line["members"]) == (pytest.approx(-3.0), pytest.approx(1.0), 4)
