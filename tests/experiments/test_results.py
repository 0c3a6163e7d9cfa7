"""The figures in docs/results.md and in the headers of configurations are those that a run wrote."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT, module_of_script


@pytest.fixture(scope="module")
def run_configs() -> ModuleType:
    return module_of_script("scripts/run_configs.py")


def test_every_configuration_was_run_and_states_what_came_out(run_configs: ModuleType) -> None:
    starts, rows = run_configs.configs("configs"), run_configs.configs("reproduce")
    assert len(starts) >= 5
    assert len(rows) >= 1
    for config in [*starts, *rows]:
        path = run_configs.RESULTS / f"{config.stem}.json"
        if run_configs.remark(config, "hardware") and not path.is_file():
            continue  # a row that waits for a GPU is listed as not run
        result = json.loads(path.read_text())
        assert run_configs.header(result) in config.read_text()
        assert result["command"].endswith(str(config.relative_to(ROOT)))
        score = "log_marginal" if "IWAE" in config.read_text() else "elbo"
        assert result[score]["value"] > result["baseline"]["value"], "a trained model beats independent pixels"
        # where z carries nothing the two are equal but for the one draw of the ELBO, of standard deviation √(2 KL)
        rate, count = result["rate"]["value"], result["num_examples"]
        noise = (2.0 * rate / count) ** 0.5 if rate < 0.1 else 0.0
        assert result["log_marginal"]["value"] > result["elbo"]["value"] - 5.0 * noise


def test_a_row_may_follow_another_run(run_configs: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first run gets the seed, the second the folder of the first; the command says both."""
    runs: list[list[str]] = []
    monkeypatch.setattr(run_configs, "train", lambda words, run_dir: runs.append([*words, str(run_dir)]))
    found = run_configs.train_first("autoencoder data my.codes(run='RUN')", tmp_path, seed=3)
    assert found == ["--data", f"my.codes(run='{tmp_path / 'autoencoder'}')"]
    first = "experiments/reproduce/first/autoencoder.yaml"
    assert runs == [["--config", first, "--seed", "3", str(tmp_path / "autoencoder")]]
    config = ROOT / "experiments" / "reproduce" / "own.yaml"
    monkeypatch.setattr(run_configs, "remark", lambda config, name: "autoencoder init_from RUN")
    own = "python experiments/train.py --config experiments/reproduce/own.yaml"
    expected = f"python experiments/train.py --config {first} --run_dir runs/autoencoder && {own}"
    assert run_configs.command_of(config) == expected


def test_the_page_holds_the_tables(run_configs: ModuleType) -> None:
    page = (ROOT / "docs" / "results.md").read_text()
    assert run_configs.results_page() == page
    assert run_configs.starting_points() in page
    commands = [f"`python experiments/train.py --config experiments/configs/{path.name}`" for path in
                (ROOT / "experiments" / "configs").glob("*.yaml")]  # fmt: skip
    assert all(f"| {command} |" in page for command in ["`python experiments/train.py`", *commands])


def test_learned_priors_gain_more_than_a_nat(run_configs: ModuleType) -> None:
    """Vamp and a flow over the standard normal: by more than 1 nat beyond 2 standard errors of the difference."""
    results = {
        name: json.loads((run_configs.RESULTS / f"swap_{name}.json").read_text())["log_marginal"]
        for name in ("standard_normal", "vamp", "flow_prior")
    }
    plain = results.pop("standard_normal")
    for learned in results.values():
        error = (plain["standard_error"] ** 2 + learned["standard_error"] ** 2) ** 0.5
        assert learned["value"] - plain["value"] > 1.0 + 2 * error


def test_a_decoder_that_can_do_without_z_does_so_under_the_plain_elbo_alone(run_configs: ModuleType) -> None:
    """By I(x; z): a rate alone could be of a q that is the same for every x."""
    information = {
        path.stem.removeprefix("collapse_"): json.loads(path.read_text())["diagnostics"]["mutual_information"]["value"]
        for path in run_configs.RESULTS.glob("collapse_*.json")
    }
    assert information["elbo"] < 0.1
    assert all(information[name] > 3.0 for name in ("free_bits", "minimum_rate", "geco", "warm_up"))


def test_the_order_of_bounds_on_mnist(run_configs: ModuleType) -> None:
    """IWAE above the VAE by about a nat, beyond 2 standard errors; DReG at or above IWAE, within one of these."""
    results = {
        name: json.loads((run_configs.RESULTS / f"bounds_{name}.json").read_text())["log_marginal"]
        for name in ("vae", "iwae5", "iwae5_dreg")
    }

    def gain(one: str, other: str) -> tuple[float, float]:
        error = (results[one]["standard_error"] ** 2 + results[other]["standard_error"] ** 2) ** 0.5
        return results[one]["value"] - results[other]["value"], error

    iwae, error = gain("iwae5", "vae")
    assert 2 * error < iwae < 2.0
    dreg, error = gain("iwae5_dreg", "iwae5")
    assert dreg > -error


def test_flax_example_is_at_least_as_good_as_published(run_configs: ModuleType) -> None:
    result = json.loads((run_configs.RESULTS / "flax_example.json").read_text())
    assert -result["elbo"]["value"] <= 103.60
    assert result["epoch"] <= 10
    assert result["data"] == "binarized_mnist"


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("normal_02", 135.73),
        ("normal_05", 110.21),
        ("normal_10", 93.84),
        ("sphere_02", 132.50),
        ("sphere_05", 108.43),
        ("poincare_10", 101.47),
    ],
)
def test_rows_at_or_below_what_was_published(run_configs: ModuleType, name: str, published: float) -> None:
    """By no more samples than the papers' 500."""
    marginal = json.loads((run_configs.RESULTS / f"{name}.json").read_text())["log_marginal"]
    assert -marginal["value"] <= published
    assert marginal["num_samples"] <= 500
