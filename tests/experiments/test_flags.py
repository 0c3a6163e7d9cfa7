"""A component that is chosen by a flag has its own defaults, and what is said of it."""

from pathlib import Path

import pytest

from jaxvae import networks, objectives
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse


@pytest.fixture(scope="module")
def parser() -> object:
    return experiment_parser("")


@pytest.mark.parametrize(
    ("argv", "encoder"),
    [
        ([], networks.MLP()),
        (["--encoder.features", "[7]"], networks.MLP((7,))),
        (["--encoder", "GatedMLP"], networks.GatedMLP()),
        (["--encoder", "GatedMLP", "--encoder.features", "[7]"], networks.GatedMLP((7,))),
        (["--encoder", "Conv", "--encoder.channels", "[4, 5]"], networks.Conv((4, 5))),
        (["--encoder", "ResNet", "--encoder.blocks", "2"], networks.ResNet(blocks=2)),
        (["--config", "gated.yaml"], networks.GatedMLP(activation="tanh")),
        (["--config", "gated.yaml", "--encoder", "MLP"], networks.MLP(activation="tanh")),  # said in the file: it stays
        (["--encoder", "FromNNX", "--encoder.build", "tests.components.networks.NNX"],
         networks.FromNNX("tests.components.networks.NNX")),
    ],
)  # fmt: skip
def test_an_encoder(
    parser: object, argv: list[str], encoder: networks.Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gated.yaml").write_text("encoder:\n  class_path: GatedMLP\n  init_args: {activation: tanh}\n")
    for _ in range(2):  # the parser is left as it was
        values = construct(parser, parse(parser, argv))  # type: ignore[arg-type]
        assert values["encoder"] == encoder
        assert values["decoder"] == networks.MLP()


def test_a_schedule_in_an_objective(parser: object) -> None:
    argv = ["--objective.schedule", "Linear", "--objective.schedule.steps", "5", "--objective.beta", "2"]
    values = construct(parser, parse(parser, argv))  # type: ignore[arg-type]
    assert values["objective"] == objectives.ELBO(beta=2.0, schedule=objectives.Linear(5))


def test_options_of_a_schedule_are_those_of_the_chosen_objective(parser: object) -> None:
    """The ELBO's schedule is Constant by default, that of the capacity Linear: it has steps without being named."""
    argv = ["--objective", "Capacity", "--objective.schedule.steps", "5"]
    values = construct(parser, parse(parser, argv))  # type: ignore[arg-type]
    assert values["objective"] == objectives.Capacity(schedule=objectives.Linear(5))


@pytest.mark.parametrize("number", ["-1e30", "-2.5E-3", "-7", "-.5"])
def test_negative_numbers(parser: object, number: str) -> None:
    values = construct(parser, parse(parser, ["--objective", "Renyi", "--objective.alpha", number]))  # type: ignore[arg-type]
    assert values["objective"] == objectives.Renyi(alpha=float(number))
