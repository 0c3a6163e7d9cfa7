"""scripts/check_defaults.py: its verdicts, peers and page, how it goes on where it stopped, and a sample of runs."""

import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import jaxvae as jv
from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.data import Preprocessing
from jaxvae.objectives import IWAE, Objective
from jaxvae.posteriors import FullNormal, Posterior
from jaxvae.priors import Prior
from jaxvae.runs.components import choices
from jaxvae.training import Training
from tests.conftest import ROOT
from tests.experiments.conftest import Script

sys.path.insert(0, str(ROOT / "scripts"))
from defaults import cases, data, document, page, peers, verdict

sys.path.remove(str(ROOT / "scripts"))

CHECK = "scripts/check_defaults.py"
RESULT: dict[str, Any] = {
    "section": "Data and latents", "steps_asked": 2_000, "elbo": -100.0, "error": 0.5, "baseline": -200.0,
    "has_density": True, "active": 7, "information": 4.0, "ignores_latents": False, "seconds": 9.0,
    "commit": "abcdef12",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "peer", "expected"),
    [
        ({}, None, "ok"),
        ({"ignores_latents": True}, -100.0, "collapsed"),
        ({"elbo": -200.1}, -200.1, "below baseline"),
        ({}, -99.05, "ok"),  # within 1 % of 100.95
        ({}, -98.9, "below peer"),
        ({"error": 0.6}, -98.9, "ok"),  # within two standard errors
        ({}, -300.0, "ok"),
    ],
)
def test_verdicts(changes: dict[str, Any], peer: float | None, expected: str) -> None:
    assert verdict.verdict(RESULT | changes, None if peer is None else {"elbo": peer}) == expected


@pytest.mark.parametrize("word", ["failed", "skipped"])
def test_what_has_no_figures_is_its_own_verdict(word: str) -> None:
    assert verdict.verdict({word: "why"}) == word


def test_the_grid_is_what_it_is_said_to_be() -> None:
    grid = cases.grid()
    names = [case.name for case in grid]
    assert len(names) == len(set(names)) >= 120
    latents = {(case.data, case.latents) for case in grid if case.section == cases.DATA_AND_LATENTS}
    assert len(latents) == 13 * 6
    for flag, family in (("prior", Prior), ("posterior", Posterior), ("objective", Objective)):
        for rest in ("digits {} L32", "mnist {} L16", "fashion_mnist {} L16"):
            assert {rest.format(f"{flag} {name}") for name in choices(family)} <= set(names)
    assert all(case.data in ("digits", "mnist") for case in grid[:12])


def _with_partners() -> list[cases.Case]:
    """Cases that say more than one component and its options, each set of flags once."""
    names = ("--prior", "--posterior", "--objective", "--likelihood", "--encoder")
    found = [case for case in (*cases.grid(), *cases.sample()) if sum(map(case.flags.count, names)) > 1]
    return list({case.flags: case for case in found}.values())


def test_components_go_with_their_partners() -> None:
    parser, shape = experiment_parser(""), (28, 28, 1)
    for case in _with_partners():
        values = construct(parser, parse(parser, ["--latent_dim", str(case.latents), *case.flags]))
        values["likelihood"] = (values["likelihood"] or jv.likelihoods.Bernoulli()).for_data(255)
        names = ("encoder", "decoder", "posterior", "prior", "likelihood")
        model = jv.VAE(shape, case.latents, **{name: values[name] for name in names})
        Training(model, Preprocessing(), objective=values["objective"])


RNG = np.random.default_rng(0)
OUT, SCALE, DF = 0.3 * RNG.normal(size=(4, 3)), math.exp(-0.4), math.exp(0.7)
LEVELS = RNG.integers(0, 9, size=(4, 3)) / 8
COUNTS = RNG.integers(0, 9, size=(4, 3)).astype(float)
SOFTMAX = RNG.normal(size=(4, 9, 3))


def _continuous_bernoulli(x: np.ndarray) -> np.ndarray:
    """λ^x (1 − λ)^(1 − x) · 2 artanh(1 − 2 λ) / (1 − 2 λ)."""
    share = special.expit(OUT)
    return x * np.log(share) + (1 - x) * np.log1p(-share) + np.log(2 * np.arctanh(1 - 2 * share) / (1 - 2 * share))


def _discretized(x: np.ndarray) -> np.ndarray:
    above = np.where(x == 1, np.inf, x + 1 / 16)
    below = np.where(x == 0, -np.inf, x - 1 / 16)
    return np.log(stats.logistic.cdf(above, OUT, SCALE) - stats.logistic.cdf(below, OUT, SCALE))


OF_PEERS = {
    "Bernoulli": (np.round(LEVELS), lambda x: stats.bernoulli.logpmf(x, special.expit(OUT))),
    "ContinuousBernoulli": (LEVELS, _continuous_bernoulli),
    "Normal": (LEVELS, lambda x: stats.norm.logpdf(x, OUT, SCALE)),
    "Laplace": (LEVELS, lambda x: stats.laplace.logpdf(x, OUT, SCALE)),
    "Logistic": (LEVELS, lambda x: stats.logistic.logpdf(x, OUT, SCALE)),
    "StudentT": (LEVELS, lambda x: stats.t.logpdf(x, DF, OUT, SCALE)),
    "DiscretizedLogistic": (LEVELS, _discretized),
    "Poisson": (COUNTS, lambda x: stats.poisson.logpmf(x, np.exp(OUT))),
    "NegativeBinomial": (COUNTS, lambda x: stats.nbinom.logpmf(x, DF, DF / (DF + np.exp(OUT)))),
    "Categorical": (
        LEVELS,
        lambda x: np.take_along_axis(
            special.log_softmax(SOFTMAX, axis=1), np.round(8 * x).astype(int)[:, None], axis=1
        )[:, 0],
    ),
}


def test_peers_have_the_likelihoods_that_scipy_has() -> None:
    torch = pytest.importorskip("torch")
    own = SimpleNamespace(
        log_scale=torch.tensor(math.log(SCALE)),
        log_df=torch.tensor(math.log(DF)),
        log_dispersion=torch.full((3,), math.log(DF)),
    )
    assert {cls.__name__ for cls in peers._LIKELIHOODS} == set(OF_PEERS)
    for name, (x, log_prob) in OF_PEERS.items():
        peer = peers.Peer(name, "learned", 9, "MLP", (), "silu", 2)
        decoded = torch.tensor(SOFTMAX if name == "Categorical" else OUT[:, None])
        found = peers._log_likelihood(peer, own, decoded, torch.tensor(x))
        np.testing.assert_allclose(found.numpy(), log_prob(x), rtol=1e-4, err_msg=name)


@pytest.mark.parametrize("likelihood", [jv.likelihoods.Bernoulli(), jv.likelihoods.Categorical(num_levels=5)])
@pytest.mark.parametrize("network", [jv.networks.MLP((7, 6)), jv.networks.Conv((3, 4))])
def test_networks_of_peers_have_our_layers(network: Any, likelihood: Any) -> None:
    """As many weights and, in an MLP, biases (of a doubling we have one for each of four pixels)."""
    torch = pytest.importorskip("torch")
    model = jv.VAE((8, 12, 3), 5, network, network, likelihood=likelihood)
    peer = peers.peer_of(Training(model, Preprocessing()))
    assert peer is not None
    theirs = peers._vae(peer, model.data_shape)
    params = jax.eval_shape(model.init, jax.random.key(0))
    for name in ("encoder", "decoder"):
        least_axes = 2 if isinstance(network, jv.networks.Conv) else 1
        ours = sum(leaf.size for leaf in jax.tree.leaves(params[name]) if leaf.ndim >= least_axes)
        of_peer = [weight.numel() for weight in getattr(theirs, name).parameters() if weight.ndim >= least_axes]
        assert sum(of_peer) == ours
    elbo, mean = theirs(torch.zeros((2, 8, 12, 3)))
    assert (elbo.shape, mean.shape) == ((2,), (2, 5))


def test_only_plain_models_have_peers() -> None:
    model = jv.VAE((8, 8, 1), 4)
    assert peers.peer_of(Training(model, Preprocessing())) is not None
    assert peers.peer_of(Training(model, Preprocessing(), objective=IWAE())) is None
    assert peers.peer_of(Training(jv.VAE((8, 8, 1), 4, posterior=FullNormal()), Preprocessing())) is None
    assert peers.peer_of(Training(jv.VAE((8, 8, 1), 4, encoder=jv.networks.Conv()), Preprocessing())) is None


@pytest.mark.slow
def test_a_grid_goes_on_where_it_stopped(script: Script) -> None:
    """Four cases, two of them without their data: those alone are tried again."""
    arguments = (CHECK, "--only", "L2", "--steps", "1", "--output", "new/out.json")
    for only in ("wine L2", "plants L2"):
        outcome = script(*arguments, "--only", only)
        assert outcome.code == 0, outcome.err
        assert "1 of 1 cases to run" in outcome.out
    results = json.loads(Path("new/out.json").read_text())
    wine, plants = results["cases"]["wine L2"], results["cases"]["plants L2"]
    assert "binary_density/plants.npz" in plants["skipped"]
    assert wine["steps"] == 2  # an epoch, the shortest run
    assert results["peers"][wine["peer"]]["active"] <= 2
    assert np.isfinite([wine["elbo"], wine["error"], wine["baseline"], wine["information"]]).all()
    assert "0 of 1 cases to run" in script(*arguments, "--only", "wine L2").out
    assert json.loads(Path("new/out.json").read_text())["cases"] == results["cases"]
    assert "1 of 1 cases to run" in script(*arguments, "--only", "plants L2").out


def test_a_case_that_fails_ends_alone(tmp_path: Path, check: Any) -> None:
    results = document.Results(tmp_path / "out.json")
    wrong = cases.Case("Networks", "wine", "wrong", 2, ("--likelihood", "Norml"))
    load = check.Loader(None, tmp_path)
    assert check.run([wrong, wrong._replace(data="kodak")], load, results, with_peers=False) == ["failed", "skipped"]
    kept = json.loads((tmp_path / "out.json").read_text())["cases"]
    assert "Norml" in kept["wine wrong L2"]["failed"]
    assert "kodak" in kept["kodak wrong L2"]["skipped"]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script as a module."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
    import check_defaults

    return check_defaults


@pytest.mark.slow
def test_rows_are_measured_as_the_command_line_would(script: Script, check: Any, tmp_path: Path) -> None:
    """One epoch of wine: the ELBO of the same run by experiments/train.py, but for the noise of one draw of z."""
    table = data.load_data("wine", None, tmp_path)
    case = cases.Case("Data and latents", "wine", "", 2, ("--likelihood", "Normal"), steps=1)
    row = check.run_case(case, lambda name: table, document.Results(tmp_path / "out.json"), with_peers=False)
    flags = ("--data", str(tmp_path / "wine.npz"), "--latent_dim", "2", "--epochs", "1", "--num_samples", "2")
    outcome = script("experiments/train.py", *flags, *case.flags, "--run_dir", "run")
    assert outcome.code == 0, outcome.err
    evaluation = json.loads(Path("run/evaluation.json").read_text())
    assert row["elbo"] == pytest.approx(evaluation["elbo"]["value"], abs=0.5)


def _document(**results: dict[str, Any]) -> dict[str, Any]:
    code = {"jaxvae": "0", "jax": "1", "torch": "2", "python": "3"}
    peer = {"elbo": -90.0, "active": 5}
    return {"cases": results, "peers": {"its peer": peer}, "code": code, "hardware": "1 cpu"}


def test_the_page_states_verdicts_and_reasons() -> None:
    before = _document(
        one=RESULT | {"elbo": -250.0, "baseline": -300.0, "active": 0}, gone={"section": "Priors", "failed": "a|b"}
    )
    after = _document(
        one=RESULT | {"peer": "its peer"},
        two=RESULT | {"section": "Networks", "steps_asked": 500, "has_density": False, "information": None},
        gone={"section": "Priors", "skipped": "needs a file"},
    )
    text = page.page(before, after, lambda name: f"Why {name}.", ["one", "two", "three", "gone"])
    assert "Not run after, 1 of 4: three." in text
    assert "Not run before, 2 of 4" in text
    assert (
        "| one | -200.0 | **-250.0** | 0 | – | **below baseline** | **-100.0 ± 0.50** | 7 | 4.0 | -90.0 (5) | 9 "
        "| **below peer** | Why one. |"
    ) in text
    assert "| two, 500 steps | -200.0 | – | – | – | – | -100.0 ± 0.50 ∅ | 7 | – | – | 9 | ok |  |" in text
    assert "| gone | – | – | – | – | failed | – | – | – | – | – | skipped | needs a file |" in text
    assert "| before | 2 | 0 | 0 | 1 | 0 | 1 | 0 |" in text
    assert "| after | 3 | 1 | 0 | 0 | 1 | 0 | 1 |" in text
    assert text.index("## Data and latents") < text.index("## Networks") < text.index("## Priors")


@pytest.mark.parametrize(
    ("flags", "message"),
    [(["--only", "no such"], "--only must be part of a case's name"), (["--output", "bad"], "must be a JSON file")],
)
def test_bad_flags(script: Script, flags: list[str], message: str) -> None:
    Path("bad").write_text("no JSON")
    outcome = script(CHECK, *flags)
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("case", cases.sample(), ids=lambda case: case.name)
def test_a_sample_is_alive_and_above_its_baseline(case: cases.Case, check: Any, tmp_path: Path) -> None:
    results = document.Results(tmp_path / "out.json")
    assert check.run([case], check.Loader(None, tmp_path), results, with_peers=False) == ["ok"], results.cases


def test_generated_counts_are_counts() -> None:
    counts = jnp.asarray(data._counts(None)["all"])
    assert counts.shape == (2_000, 30)
    assert bool(jnp.all((counts >= 0) & (counts == jnp.round(counts))))
