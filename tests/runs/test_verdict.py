"""A run that failed as a whole says so in one line, with the one flag that is most likely to help it."""

import dataclasses
import shlex
from typing import Any

import numpy as np
import pytest

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.explain import as_flags
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.runs.first_state import first_state
from jaxvae.runs.setup import Setup
from jaxvae.runs.setup_checks import check_traces
from jaxvae.runs.verdict import verdict
from jaxvae.training import TrainState

Run = tuple[Setup, TrainState]


def run_of(*flags: str, epoch: int = 20) -> Run:
    """What was set up with these flags, and a best state of that epoch of 200, the default of the digits."""
    parser = experiment_parser("")
    small = ["--epochs", "200", "--encoder.features", "[4]", "--decoder.features", "[4]", "--latent_dim", "2"]
    setup = set_up_from(construct(parser, parse(parser, [*small, *flags])))
    return setup, first_state(setup, 0)._replace(epoch=np.int32(epoch))  # type: ignore[arg-type]


def document(elbo: float, *, collapsed: bool = False, error: float = 0.1, **baselines: float) -> dict[str, Any]:
    return {
        "elbo": {"value": elbo, "standard_error": error},
        "diagnostics": {
            "ignores_latents": {"value": collapsed},
            "active_units": {"value": 0, "of": 32},
            "mutual_information": {"value": 0.012},
        },
        **{
            name: {"value": value, "model": "independent Categorical per dimension"}
            for name, value in baselines.items()
        },
    }


COLLAPSED = document(-27.3, collapsed=True, baseline=-27.2)


@pytest.mark.fast_rows(1)
@pytest.mark.parametrize(
    ("flags", "epoch", "measured", "problem", "advice"),
    [
        ((), 20, COLLAPSED, "collapsed: the decoder ignores z. I(x; z) = 0.012 nats, 0 of 32 units active.",
         "--objective.schedule Linear"),
        (("--likelihood", "AutoregressiveBernoulli"), 20, COLLAPSED, "collapsed", "--objective MinimumRate"),
        (("--decoder.output_gain", "1"), 20, COLLAPSED, "collapsed", "--decoder.output_gain 0.1"),
        (("--objective.beta", "8"), 20, COLLAPSED, "collapsed", "--objective.beta 1"),
        (("--objective.schedule", "Linear"), 20, COLLAPSED, "collapsed", "--objective MinimumRate"),
        (("--objective", "FreeBits", "--objective.schedule", "Linear"), 20, COLLAPSED, "collapsed",
         "--objective MinimumRate"),
        ((), 195, COLLAPSED, "collapsed", "--epochs 600"),
        (("--epochs", "9"), 2, COLLAPSED, "collapsed", "--epochs 27"),  # short: scores that rest say nothing
        (("--learning_rate", "10"), 20, document(-6.7e7, collapsed=True, baseline=-27.2),
         "diverged: ELBO -6.7e+07 nats, and -27.20 of independent", "--learning_rate 0.001"),
        (("--objective", "WAE", "--learning_rate", "10"), 20, {"elbo": {"value": None}, "diagnostics": {"value": None},
          "reconstruction_distortion": {"value": 6.4e9}, "baseline": {"value": -27.2, "model": "independent pixels"}},
         "below the baseline: reconstructions have -6.4e+09 nats", "--learning_rate 0.001"),
        (("--likelihood", "Normal", "--likelihood.scale", "3"), 20, COLLAPSED, "collapsed",
         "--likelihood.scale decoded"),
        (("--decoder.output_gain", "1", "--precision", "bfloat16"), 20, COLLAPSED, "collapsed",
         "--decoder.output_gain 0.1"),
        (("--decoder.output_gain", "1", "--remat", "true"), 20, COLLAPSED, "collapsed", "--decoder.output_gain 0.1"),
        ((), 20, document(float("nan"), baseline=-27.2), "which is not finite", "--learning_rate 0.0003"),
        ((), 20, document(-28.0, baseline=-27.2), "below the baseline: ELBO -28.00 nats, and -27.20 of independent",
         "--learning_rate 0.0003"),
        ((), 195, document(-28.0, baseline=-27.2), "below the baseline", "--epochs 600"),
        (("--likelihood", "Normal", "--likelihood.scale", "shared"), 20,
         document(31.0, family_baseline=-7.0, baseline=46.0), "independent Categorical", "--likelihood.scale decoded"),
        (("--likelihood", "Normal"), 20, document(-9.0, family_baseline=-7.0, baseline=46.0),
         "-7.00 of independent", "--learning_rate 0.0003"),
        (("--likelihood", "DiscretizedLogistic", "--likelihood.num_levels", "17"), 20,
         document(-100.0, family_baseline=-110.0, baseline=-90.0), "below the baseline",
         "--likelihood Categorical --likelihood.num_levels 17"),
        (("--likelihood", "Laplace"), 20, document(31.0, family_baseline=-7.0, baseline=46.0),
         "independent Categorical", "--learning_rate 0.0003"),
    ],
)  # fmt: skip
def test_one_line_with_the_flag_for_this_run(
    flags: tuple[str, ...], epoch: int, measured: dict[str, Any], problem: str, advice: str
) -> None:
    said = verdict(measured, *run_of(*flags, epoch=epoch))
    assert said is not None
    assert "--" not in said  # Python's own names
    line = as_flags(said)
    assert problem in line
    assert advice in line
    assert "\n" not in line
    named = shlex.split(line.split("Try ")[1])
    check_traces(run_of(*flags, *named)[0])  # the advice goes with the run's own flags


def test_a_live_run_above_its_baselines_is_not_mentioned() -> None:
    run = run_of()
    assert verdict(document(-23.0, baseline=-27.2), *run) is None
    assert verdict(document(-27.3, error=0.3, baseline=-27.2), *run) is None  # it may as well be above
    of_bound = {**document(-29.0, baseline=-27.2), "log_marginal": {"value": -26.0}}
    assert verdict(of_bound, *run) is None  # trained by many samples, which leaves the ELBO low
    assert verdict({**of_bound, "log_marginal": {"value": -28.0}}, *run) is not None
    without_density = {"elbo": {"value": None}, "diagnostics": {"value": None}}
    assert verdict(without_density, *run) is None
    reconstructs = {"reconstruction_distortion": {"value": 12.0}, "baseline": {"value": -27.2, "model": "pixels"}}
    assert verdict({**without_density, **reconstructs}, *run) is None


def test_remedies_that_a_run_has_had_are_not_named() -> None:
    flags = ("--likelihood", "AutoregressiveBernoulli", "--objective", "MinimumRate", "--objective.schedule", "Linear")
    line = verdict(COLLAPSED, *run_of(*flags))
    assert line is not None
    assert line.endswith("Try another likelihood, or larger networks")


def test_data_of_one_value_have_nothing_to_encode() -> None:
    setup, state = run_of()
    images = np.zeros_like(setup.dataset.train.values)
    train = dataclasses.replace(setup.dataset.train, values=images)
    dataset = dataclasses.replace(setup.dataset, train=train)
    line = verdict(COLLAPSED, setup._replace(dataset=dataset), state)
    assert line is not None
    assert "the training examples are all alike" in line
