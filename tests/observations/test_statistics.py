"""Figures of data with hidden entries and known labels: what is right for a right model, and what reads nothing."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae.data import Dataset, Preprocessing, Split
from jaxvae.data.known_labels import with_known_labels
from jaxvae.distributions import Bernoulli
from jaxvae.distributions.bernoulli import smoothed_log_odds
from jaxvae.evaluation.document import likelihood_document
from jaxvae.evaluation.evaluate import Scores
from jaxvae.evaluation.figures import Estimate
from jaxvae.hidden import complete_columns
from jaxvae.runs.data_flags import DataFlags
from jaxvae.runs.observation_metrics import _mode, _place
from jaxvae.runs.run_data import prepare_data


@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_hidden_entries_are_filled_as_the_observed_ones_are_spread(share: float) -> None:
    """Also of rows in order: their means and deviations are those of the observed entries to 1 %."""
    rng = np.random.default_rng(0)
    values = np.stack([np.arange(2_000.0), np.sort(rng.exponential(size=2_000))], axis=1).astype(np.float32)
    observed = rng.random(values.shape) >= share
    for array in (np.asarray, jnp.asarray):
        found = np.asarray(complete_columns(jv.Observation(array(np.where(observed, values, np.nan)), array(observed))))
        for d in range(2):
            seen = values[observed[:, d], d]
            assert found[:, d].mean() == pytest.approx(float(seen.mean()), abs=0.01 * float(seen.std()))
            assert found[:, d].std() == pytest.approx(float(seen.std()), rel=0.01)


@pytest.mark.parametrize("kind", ["normal", "coin", "rare", "constant"])
def test_the_coverage_of_a_right_model_is_exact_for_any_kind_of_data(kind: str) -> None:
    draw = {
        "normal": lambda key: jax.random.normal(key, (3,)),
        "coin": lambda key: jax.random.bernoulli(key, 0.5, (3,)).astype(float),
        "rare": lambda key: jax.random.bernoulli(key, 0.03, (3,)).astype(float),
        "constant": lambda key: jnp.zeros(3),
    }[kind]
    count = 20_000

    def place(key: jax.Array) -> jax.Array:
        truth_key, draws_key, ties_key = jax.random.split(key, 3)
        return _place(ties_key, jax.vmap(draw)(jax.random.split(draws_key, 199)), draw(truth_key))

    places = np.asarray(jax.vmap(place)(jax.random.split(jax.random.key(0), count)))
    assert stats.kstest(places.ravel(), "uniform").pvalue > 1e-6
    inside = np.mean((places >= 0.05) & (places < 0.95))
    assert abs(inside - 0.9) < 6 * math.sqrt(0.9 * 0.1 / (3 * count))


def test_levels_that_differ_by_rounding_are_one_and_classes_have_a_mode() -> None:
    level = np.float32(17) / np.float32(255)
    draws = jnp.full((99, 1), np.nextafter(level, np.float32(1)))
    places = jax.vmap(lambda key: _place(key, draws, jnp.asarray([level])))(jax.random.split(jax.random.key(1), 500))
    assert np.ptp(np.asarray(places)) > 0.9  # ties, and not always below
    draws = jnp.asarray([[2.0, 0.0], [0.0, 0.0], [2.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    assert _mode(draws).tolist() == [2.0, 1.0]


def document(x: jv.Observation, values: np.ndarray, **named: Any) -> dict[str, Any]:
    coin = Bernoulli(jnp.zeros(x.value.shape[1:]))
    scores = Scores({"elbo": Estimate.of(values), "log_likelihood": Estimate.of(values)}, None, {"elbo": values})
    likelihood = jv.likelihoods.Bernoulli()
    said = {"elbo": "exact", "rate": "exact", "distortion": "exact"}
    return likelihood_document(scores, coin, coin, likelihood, Preprocessing(maximum=1), x, said, **named)


def test_bits_of_a_fair_coin_have_no_error_whatever_is_hidden() -> None:
    """Every observed entry costs one bit, but the number of entries differs from example to example."""
    rng = np.random.default_rng(0)
    observed = rng.random((400, 5)) < rng.random((400, 1))
    x = jv.Observation(jnp.asarray(rng.integers(0, 2, (400, 5)), jnp.float32), jnp.asarray(observed))
    found = document(x, -math.log(2.0) * observed.sum(axis=1))["elbo"]
    assert found["bits_per_dimension"] == pytest.approx(1.0, abs=1e-6)
    assert found["bits_per_dimension_error"] == pytest.approx(0.0, abs=1e-6)
    assert found["standard_error"] > 0.01


def test_where_the_mask_is_modelled_the_baseline_explains_it_too() -> None:
    rng = np.random.default_rng(0)
    observed = rng.random((300, 3)) < np.array([0.9, 0.5, 0.2])
    x = jv.Observation(jnp.asarray(rng.integers(0, 2, (300, 3)), jnp.float32), jnp.asarray(observed))
    values = -math.log(2.0) * observed.sum(axis=1)
    mask = Bernoulli(smoothed_log_odds(jnp.asarray(observed, jnp.float32)))
    found, without = document(x, values, mask=mask), document(x, values)
    shares = (observed.sum(axis=0) + 1) / (300 + 2)
    of_mask = stats.bernoulli.logpmf(observed, shares).sum(axis=1).mean()
    assert found["baseline"]["value"] - without["baseline"]["value"] == pytest.approx(of_mask, rel=1e-5)
    assert "and mask" in found["baseline"]["model"]
    assert "which were seen" in found["elbo"]["estimator"]
    assert found["elbo"]["bits_per_dimension"] is None


def binary_table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 2, (200, 3)).astype(np.float32), rng.random((200, 3)) < 0.7


@pytest.mark.parametrize("junk", [7.0, -2.5, np.nan])
def test_no_choice_reads_a_hidden_value(junk: float) -> None:
    values, observed = binary_table()
    part = Split(np.where(observed, values, np.float32(junk)), observed=observed)
    found = prepare_data(DataFlags("mine"), dataset=Dataset("mine", part, part, part, None))
    assert type(found.likelihood).__name__ == "Bernoulli"
    prepare_data(DataFlags("mine"), jv.likelihoods.Bernoulli(), Dataset("mine", part, part, part, None))


def test_entries_of_x_are_hidden_and_not_the_condition() -> None:
    values, _ = binary_table()
    part = Split(values)
    flags = DataFlags("mine", hide=0.3, condition="columns:1")
    found = prepare_data(flags, dataset=Dataset("mine", part, part, part, None))
    train = found.dataset.train
    assert train.observed is not None
    assert abs(train.observed.mean() - 0.7) < 6 * math.sqrt(0.7 * 0.3 / 400)
    np.testing.assert_array_equal(train.conditions, values[:, [1]])  # type: ignore[arg-type]


def test_repeated_labels_are_for_training_alone() -> None:
    rng = np.random.default_rng(0)
    part = Split(rng.normal(size=(200, 4)).astype(np.float32), rng.integers(0, 4, 200))
    found = with_known_labels(Dataset("mine", part, part, part, None), 10, share=0.5).train
    assert len(found) > 300
    assert len(found.distinct) == 200
    np.testing.assert_array_equal(found.distinct.values, part.values)
    assert isinstance(found.training_examples(), jv.Observation)
    assert isinstance(found.examples(), np.ndarray)
    assert found.take(slice(5)).num_distinct is None
