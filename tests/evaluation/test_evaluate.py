"""Figures of a data set: means over examples with their errors, bits, the baseline."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.evaluation import Estimate, Scores, bits_per_dimension, evaluate, family_baseline, independent_baseline
from jaxvae.evaluation.document import likelihood_document
from jaxvae.evaluation.evaluate import ImportanceReport
from jaxvae.evaluation.provenance import provenance
from jaxvae.likelihoods import Bernoulli, Normal
from jaxvae.objectives.scoring import Scoring

NUM_EXAMPLES = 11


@pytest.fixture(scope="module")
def x() -> jax.Array:
    return jax.random.bernoulli(jax.random.key(0), 0.4, (NUM_EXAMPLES, 3, 2, 1)).astype(jnp.float32)


def test_estimate_is_the_mean_with_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=37).astype(np.float32)
    estimate = Estimate.of(values)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.standard_error == pytest.approx(stats.sem(values))
    assert Estimate.of(values[:1]) == (pytest.approx(float(values[0])), None)


def test_evaluate_agrees_with_the_functions_it_is_made_of(x: jax.Array) -> None:
    model = jv.VAE((3, 2, 1), 2, jv.networks.MLP((5,)), jv.networks.MLP((4,)))
    params, key, done = jax.jit(model.init)(jax.random.key(2)), jax.random.key(3), []
    scores, report, of_examples = evaluate(
        model, jv.objectives.ELBO(beta=7.0), params, key, x, num_samples=300, progress=done.append
    )
    assert sum(done) == NUM_EXAMPLES
    assert report is not None
    assert (report.num_samples, report.num_repeats, report.repeat_error) == (300, 1, None)

    keys = jax.vmap(lambda index: jax.random.split(jax.random.fold_in(key, index)))(jnp.arange(NUM_EXAMPLES))
    elbo = jax.jit(jax.vmap(jv.elbo, (None, None, 0, 0)))(model, params, keys[:, 0], x)
    marginal = jax.jit(jax.vmap(lambda k, one: jv.log_marginal(model, params, k, one, 300)))(keys[:, 1], x)
    for name, values in {"elbo": elbo.value, "kl": elbo.kl, "log_marginal": marginal}.items():
        assert scores[name].value == pytest.approx(float(jnp.mean(values)), rel=1e-5, abs=1e-7)  # float32
        np.testing.assert_allclose(of_examples[name], values, rtol=1e-5, atol=1e-6)
        assert scores[name].standard_error == pytest.approx(float(stats.sem(np.asarray(values))), rel=1e-4)

    autoencoder = evaluate(
        model, jv.objectives.Autoencoder(), params, jax.random.key(4), x, num_samples=3, num_repeats=2
    )
    assert set(autoencoder.figures) == {"log_likelihood"}
    assert autoencoder.importance is None


@pytest.mark.slow
def test_repeats_are_independent_and_their_error_agrees_with_that_of_the_weights(x: jax.Array) -> None:
    """40 repeats: their spread is the error that the weights foretell, within 5 standard errors of its own."""
    model = jv.VAE((3, 2, 1), 2, jv.networks.MLP(()), jv.networks.MLP(()))
    params, repeats = jax.jit(model.init)(jax.random.key(2)), 40
    scores, report, _ = evaluate(
        model, jv.objectives.ELBO(), params, jax.random.key(3), x, num_samples=200, num_repeats=repeats
    )
    assert report is not None
    assert report.repeat_error is not None
    assert report.repeat_error == pytest.approx(report.draw_error, rel=5 / math.sqrt(2 * (repeats - 1)))
    finer = evaluate(model, jv.objectives.ELBO(), params, jax.random.key(4), x, num_samples=20_000)
    difference = scores["log_marginal"].value - finer.figures["log_marginal"].value
    assert -0.2 < difference < 5 * report.draw_error  # below by the bias of 200 draws
    assert report.samples_for(report.error / 3) == 1800


def test_a_uniform_model_of_eight_bit_data_needs_eight_bits() -> None:
    for symmetric, log_density in ((False, 0.0), (True, -math.log(2.0))):
        preprocessing = Preprocessing(maximum=255, dequantize=True, symmetric=symmetric)
        assert preprocessing.bin_width is not None
        assert bits_per_dimension(28 * 28 * log_density, 28 * 28, preprocessing.bin_width) == pytest.approx(
            8.0, abs=1e-12
        )
    assert bits_per_dimension(60 * math.log(0.5), 60) == pytest.approx(1.0)  # fair coins


def test_a_uniform_model_of_eight_bit_data_through_the_whole_evaluation() -> None:
    """Every parameter 0 makes each of 256 levels equally likely, and q the prior but for its smallest scale."""
    model = jv.VAE((3, 2, 1), 2, jv.networks.MLP(()), jv.networks.MLP(()), likelihood=jv.likelihoods.Categorical(256))
    params = jax.tree.map(jnp.zeros_like, jax.jit(model.init)(jax.random.key(0)))
    greys = jax.random.randint(jax.random.key(1), (NUM_EXAMPLES, 3, 2, 1), 0, 256).astype(jnp.float32) / 255
    scores = evaluate(model, jv.objectives.ELBO(), params, jax.random.key(2), greys, num_samples=40)
    document = likelihood_document(
        scores,
        family_baseline(model, greys),
        family_baseline(model, greys),
        model.likelihood,
        Preprocessing(maximum=255),
        greys,
        Scoring().describe(has_closed_form=True),
    )
    for name in ("elbo", "log_marginal"):
        assert document[name]["bits_per_dimension"] == pytest.approx(8.0, abs=1e-4)
    report = scores.importance
    assert report is not None
    assert report.effective_sample_size.value == pytest.approx(40, rel=1e-3)


def model_of(likelihood: Any, x: jax.Array) -> jv.VAE:
    return jv.VAE(x.shape[1:], 2, jv.networks.MLP(()), jv.networks.MLP(()), likelihood=likelihood)


def baseline_of(likelihood: Any, x: jax.Array) -> Any:
    return independent_baseline(model_of(likelihood, x), x)


def baselines(likelihood: Any, x: jax.Array) -> tuple[Any, Any]:
    return baseline_of(likelihood, x), family_baseline(model_of(likelihood, x), x)


def test_the_baseline_is_the_best_model_with_independent_dimensions(x: jax.Array) -> None:
    ones = np.asarray(x).sum(axis=0)
    expected = stats.bernoulli.logpmf(np.asarray(x), (ones + 1) / (NUM_EXAMPLES + 2)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(jax.vmap(baseline_of(Bernoulli(), x).log_prob)(x), expected, rtol=1e-5)

    reals = jax.random.normal(jax.random.key(5), (NUM_EXAMPLES, 3, 2, 1)) * 3 + 1
    values = np.asarray(reals, np.float64)
    two_more = [np.full((1, 3, 2, 1), values.mean() + sign * values.std()) for sign in (-1, 1)]  # Laplace's rule
    fitted = np.concatenate([values, *two_more])
    expected = stats.norm.logpdf(values, fitted.mean(axis=0), fitted.std(axis=0)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(jax.vmap(baseline_of(Normal(), reals).log_prob)(reals), expected, rtol=1e-5)

    greys = jax.random.randint(jax.random.key(6), (NUM_EXAMPLES, 3, 2, 1), 0, 5).astype(jnp.float32) / 4
    levels = np.asarray(greys)
    shares = [((levels == level).sum(axis=0) + 1) / (NUM_EXAMPLES + 5) for level in np.arange(5) / 4]
    expected = sum(np.log(share) * (levels == level) for level, share in zip(np.arange(5) / 4, shares, strict=True))
    baseline = baseline_of(jv.likelihoods.Categorical(num_levels=5), greys)
    np.testing.assert_allclose(jax.vmap(baseline.log_prob)(greys), expected.sum(axis=(1, 2, 3)), rtol=1e-5)


def test_the_document_has_signs_units_and_bits(x: jax.Array) -> None:
    scores = {
        "elbo": Estimate(-5.0, 0.2),
        "log_likelihood": Estimate(-3.0, 0.3),
        "kl": Estimate(2.0, 0.1),
        "log_marginal": Estimate(-4.0, 0.2),
    }
    said = Scoring().describe(has_closed_form=True)
    arguments = (*baselines(Bernoulli(), x), Bernoulli(), Preprocessing(maximum=1), x, said)
    model = jv.VAE((3, 2, 1), 2)
    params = jax.jit(model.init)(jax.random.key(0))
    report = evaluate(model, jv.objectives.ELBO(), params, jax.random.key(1), x, num_samples=9).importance
    document = likelihood_document(Scores(scores, report, {}), *arguments)
    assert "family_baseline" not in document  # every independent model of bits is Bernoulli's
    assert document["rate"]["value"] == 2.0
    assert document["distortion"]["value"] == 3.0
    assert document["log_marginal"]["bits_per_dimension"] == pytest.approx(4 / 6 / math.log(2))
    assert document["log_marginal"]["num_samples"] == 9
    assert "importance-weighted" in document["log_marginal"]["estimator"]
    of_points = likelihood_document(Scores(scores, report, {}), *arguments, is_point_mass=True)
    assert "the ELBO, a lower bound" in of_points["log_marginal"]["estimator"]
    normal = Normal(scale="shared")
    arguments = (*baselines(normal, x), normal, Preprocessing(maximum=255), x, said)
    document = likelihood_document(Scores(scores, report, {}), *arguments)
    assert document["elbo"]["bits_per_dimension"] is None
    values = np.asarray(x, np.float64)
    two_more = [np.full((1, 3, 2, 1), values.mean() + sign * values.std()) for sign in (-1, 1)]  # Laplace's rule
    fitted = np.concatenate([values, *two_more])
    logs = stats.norm.logpdf(values, fitted.mean(axis=0), np.sqrt(np.mean(fitted.var(axis=0)))).sum(axis=(1, 2, 3))
    assert document["family_baseline"]["value"] == pytest.approx(logs.mean(), rel=1e-4)  # of one shared scale
    assert document["baseline"]["value"] > document["family_baseline"]["value"]
    without = likelihood_document(Scores({"log_likelihood": Estimate(-3.0, 0.3)}, None, {}), *arguments)
    assert without["elbo"]["value"] is None
    assert without["reconstruction_distortion"]["value"] == 3.0


def test_the_provenance_names_data_code_and_hardware(x: jax.Array) -> None:
    entry = provenance(x, data="coins")
    assert (entry["data"], entry["num_examples"], entry["num_dimensions"]) == ("coins", NUM_EXAMPLES, 6)
    assert entry["test_set_sha256"] != provenance(1.0 - x)["test_set_sha256"]
    code = {"jaxvae", "commit", "sources_sha256", "jax", "numpy", "scikit-learn", "python", "formulas"}
    assert set(entry["code"]) == code
    assert "cpu" in entry["hardware"]


@pytest.mark.parametrize(("switch", "formulas"), [("1", "fast"), ("0", "plain")])
def test_the_provenance_names_the_formulas(
    x: jax.Array, monkeypatch: pytest.MonkeyPatch, switch: str, formulas: str
) -> None:
    monkeypatch.setenv("JAXVAE_FAST", switch)
    assert provenance(x)["code"]["formulas"] == formulas


def report_of(**changes: Any) -> ImportanceReport:
    fields = {
        "num_samples": 40,
        "num_repeats": 1,
        "draw_error": 0.02,
        "repeat_error": None,
        "effective_sample_size": Estimate(20.0, 0.1),
        "pareto_shape": 0.5,
        "threshold": 0.4,
        "share_above": 0.6,
        "smoothed": None,
        "jackknife": None,
    }
    return ImportanceReport(**fields | changes)


def test_one_draw_tells_nothing_of_its_error() -> None:
    """Neither the error nor how many draws would do; repeats of one draw tell both."""
    model = jv.VAE((3,), 2, encoder=jv.networks.MLP((4,)), decoder=jv.networks.MLP((4,)))
    params, x = model.init(jax.random.key(0)), jnp.ones((5, 3))
    for repeats in (1, 7):
        scores = evaluate(model, jv.objectives.ELBO(), params, jax.random.key(1), x, num_samples=1, num_repeats=repeats)
        report = scores.importance
        assert report is not None
        assert report.draw_error is None
        assert (report.error is None) == (report.samples_for(0.01) is None) == (repeats == 1)
    assert report_of().samples_for(0.01) == 160


def test_the_tail_of_equal_weights_is_no_reason_to_doubt() -> None:
    assert not report_of().is_reliable
    assert report_of(effective_sample_size=Estimate(39.99, 0.0)).is_reliable
    assert not report_of(share_above=None).is_reliable
