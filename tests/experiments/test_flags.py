"""A component that is chosen by a flag has its own defaults, and what is said of it."""

from pathlib import Path

import pytest

from jaxvae import likelihoods, networks, objectives, priors
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from tests.data.helpers import user_error


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
    assert values["objective"] == objectives.Capacity(schedule=objectives.Linear(5, share=0.7))


@pytest.mark.parametrize("number", ["-1e30", "-2.5E-3", "-7", "-.5"])
def test_negative_numbers(parser: object, number: str) -> None:
    values = construct(parser, parse(parser, ["--objective", "Renyi", "--objective.alpha", number]))  # type: ignore[arg-type]
    assert values["objective"] == objectives.Renyi(alpha=float(number))


@pytest.mark.parametrize(
    ("argv", "features"),
    [
        (["--encoder.features", "30", "20"], (30, 20)),
        (["--encoder.features", "30,20"], (30, 20)),
        (["--encoder.features", "30, 20"], (30, 20)),
        (["--encoder.features=30,20"], (30, 20)),
        (["--encoder.features", "[30, 20]"], (30, 20)),
        (["--encoder.features", "30"], (30,)),
        (["--encoder.features", "[]"], ()),
    ],
)
def test_lists_as_people_type_them(parser: object, argv: list[str], features: tuple[int, ...]) -> None:
    values = construct(parser, parse(parser, [*argv, "--epochs", "3"]))  # type: ignore[arg-type]
    assert (values["encoder"], values["epochs"]) == (networks.MLP(features), 3)


def test_lists_of_words_and_of_a_network_within_a_component(parser: object) -> None:
    argv = ["--likelihood", "Mixed", "--likelihood.columns", "real", "count", "--prior", "Flow"]
    argv += ["--prior.bijector.network.features", "9,8"]
    values = construct(parser, parse(parser, argv))  # type: ignore[arg-type]
    assert values["likelihood"] == likelihoods.Mixed(("real", "count"))
    assert values["prior"].bijector.network.features == (9, 8)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_flag_counts_more_than_a_file_wherever_it_comes(
    parser: object, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("epochs: 3\nbatch_size: 50\nprior: {class_path: Vamp, init_args: {num_components: 7}}\n")
    flags, file = ["--epochs", "9", "--prior.num_components", "8"], ["--config", "a.yaml"]
    values = construct(parser, parse(parser, flags + file if where == "before" else file + flags))  # type: ignore[arg-type]
    assert (values["epochs"], values["batch_size"], values["prior"]) == (9, 50, priors.Vamp(8))


@pytest.mark.parametrize(
    "argv",
    [
        ["--prior.num_components", "50", "--prior", "Vamp"],
        ["--objective.schedule.steps", "5", "--objective", "Capacity"],
        ["--epochs", "9", "--config", "a.yaml", "--encoder.features", "30", "20"],
    ],
)
def test_what_is_printed_is_what_would_run(
    parser: object, argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From wherever `--print_config` comes; and the text, read as a configuration, is the same run again."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("prior: {class_path: Vamp, init_args: {num_components: 7}}\nlatent_dim: 5\n")
    run = construct(parser, parse(parser, argv))  # type: ignore[arg-type]
    for place in (0, len(argv)):
        with pytest.raises(SystemExit) as stop:
            parse(parser, [*argv[:place], "--print_config", *argv[place:]])  # type: ignore[arg-type]
        assert stop.value.code == 0
        Path("printed.yaml").write_text(capsys.readouterr().out)
        again = construct(parser, parse(parser, ["--config", "printed.yaml"]))  # type: ignore[arg-type]
        assert {**again, "config": None} == {**run, "config": None}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--prior", "Vamp", "--prior.nonsense", "1", "--print_config"],
         ("--prior Vamp has no option 'nonsense': its options are learned_weights, num_components, start",)),
        (["--prior", "Vamp", "--prior.num_component", "1"], ("its options are", "did you mean num_components")),
        (["--prior", "Vamp", "--prior.num_components", "-3", "--print_config"],
         ("--prior.num_components must be >= 1, got -3",)),
        (["--lr", "3"], ("unknown flag --lr", "did you mean --learning_rate")),
        (["--config", "twice.yaml"], ("twice.yaml has num_components twice, in lines 2 and 3",)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_is_printed(
    parser: object, argv: list[str], words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("twice.yaml").write_text("prior: {class_path: Vamp, init_args: {\n num_components: 7,\n num_components: 8}}\n")
    with user_error(*words):
        construct(parser, parse(parser, argv))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flags", "features"),
    [
        (["--prior", "Flow", "--prior.bijector.network", "GatedMLP"], (300, 300)),
        (["--prior", "Flow", "--prior.bijector.network", "GatedMLP", "--prior.bijector.network.features", "[5]"], (5,)),
        (["--prior", "Flow"], (64, 64)),
    ],
)
def test_a_component_deep_inside_has_its_own_defaults(flags: list[str], features: tuple[int, ...]) -> None:
    """GatedMLP is 300 wide and without an activation by default; it takes the place of an MLP that is 64 wide."""
    parser = experiment_parser("")
    network = construct(parser, parse(parser, flags))["prior"].bijector.network
    assert network.features == features
    assert network.activation == ("identity" if "GatedMLP" in flags else "silu")
