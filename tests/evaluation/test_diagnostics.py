"""What the latents carry: against numpy, the closed forms of a linear-Gaussian VAE, and codes that are known."""

from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

import jaxvae as jv
from jaxvae.distributions import Normal
from jaxvae.evaluation import (
    Estimate,
    active_units,
    diagnose,
    diagnostics,
    kl_per_dimension,
    latent_terms,
    marginal_kl,
    mutual_information,
)
from jaxvae.evaluation.diagnose import Diagnostics, diagnostics_document
from jaxvae.evaluation.diagnostics import ActiveUnits
from jaxvae.objectives.aggregate import own_and_aggregate
from jaxvae.objectives.estimators import ScoreOnly
from jaxvae.objectives.lagging import batch_information
from jaxvae.objectives.total_correlation import log_aggregate
from jaxvae.posteriors import DiagonalNormal
from tests.components import POSTERIORS
from tests.helpers import assert_mean, keys, tiny_vae
from tests.linear_gaussian import DATA_SHAPE, LATENT_DIM, LinearGaussian
from tests.sizes import BATCH
from tests.sizes import DATA_SHAPE as TINY_SHAPE

N = 13
SHIFT, STRETCH = np.array([0.7, -0.4]), np.array([0.8, 1.3])


class Problem:
    """A linear-Gaussian model, draws of x, and a posterior that is off: N(A (x − b) + shift, (σ stretch)²)."""

    def __init__(self, count: int = N) -> None:
        rng = np.random.default_rng(3)
        self.exact = LinearGaussian.random(rng)
        self.flat = np.stack([self.exact.sample(rng) for _ in range(count)])
        self.vae, self.x = self.exact.vae(), jnp.asarray(self.flat.reshape(count, *DATA_SHAPE), jnp.float32)
        self.params: Any = self.exact.params(SHIFT, STRETCH)
        self.matrix, exact_scale = self.exact.posterior_matrix()
        self.loc, self.scale = (self.flat - self.exact.bias) @ self.matrix.T + SHIFT, exact_scale * STRETCH
        # z of all x: the exact posterior's means have variance 1 − σ²
        self.aggregate_variance = 1.0 - exact_scale**2 + self.scale**2


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem()


def test_every_term_against_numpy(problem: Problem) -> None:
    """The mixture of N normals by brute force, at the same draws."""
    key = jax.random.key(1)
    terms = jax.jit(latent_terms)(problem.vae, problem.params, jax.random.clone(key), problem.x)
    draw = jax.vmap(lambda i, x: problem.vae.draw(problem.params, jax.random.fold_in(key, i), x).latents)
    z = np.asarray(draw(jnp.arange(N), problem.x), np.float64)
    each = norm.logpdf(z[:, None], problem.loc[None], problem.scale).sum(-1)  # [i, j]
    aggregate = logsumexp(each, axis=1) - np.log(N)
    np.testing.assert_allclose(terms.information, np.diag(each) - aggregate, rtol=1e-4, atol=1e-4)
    others = np.stack([logsumexp(np.delete(row, i)) - np.log(N - 1) for i, row in enumerate(each)])
    np.testing.assert_allclose(terms.information_above, np.diag(each) - others, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(terms.marginal_kl, aggregate - norm.logpdf(z).sum(-1), rtol=1e-4, atol=1e-4)
    kl = 0.5 * (problem.scale**2 + problem.loc**2 - 1.0) - np.log(problem.scale)  # [N, latent]
    np.testing.assert_allclose(terms.kl_dimensions, kl, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(terms.kl, kl.sum(-1), rtol=1e-4)

    arguments = problem.vae, problem.params, key, problem.x
    means = jax.jit(lambda *args: (mutual_information(*args), marginal_kl(*args), kl_per_dimension(*args)))(*arguments)
    for mean, values in zip(means, (terms.information, terms.marginal_kl, terms.kl_dimensions), strict=True):
        assert mean is not None
        assert values is not None
        np.testing.assert_allclose(mean, np.mean(values, axis=0), rtol=1e-5)


def test_many_examples_give_the_closed_forms_of_the_gaussian_aggregate() -> None:
    """q(z) of all x is N(shift, v): I = ½ Σ log v / s², and a KL of two normals.

    The mixture of N posteriors knows an own part e^I / N too much: that is allowed beside 6 standard errors.
    """
    problem = Problem(3000)
    terms = jax.jit(latent_terms)(problem.vae, problem.params, jax.random.key(2), problem.x)
    v = problem.aggregate_variance
    information = 0.5 * np.sum(np.log(v / problem.scale**2))
    distance = np.sum(0.5 * (v + SHIFT**2 - 1.0) - 0.5 * np.log(v))
    assert information > 0.5
    assert distance > 0.2
    for values, expected in ((terms.information, information), (terms.marginal_kl, distance)):
        estimate = Estimate.of(np.asarray(values))
        assert estimate.standard_error is not None
        assert abs(estimate.value - expected) < 6 * estimate.standard_error + np.exp(information) / 3000
        assert estimate.standard_error < 0.05
    # the average KL is the sum of the two, up to the noise of one draw
    assert_mean(terms.kl - terms.information - terms.marginal_kl, 0.0)


def test_examples_that_are_told_apart_have_log_n_nats() -> None:
    problem = Problem()
    params = problem.exact.params(SHIFT, np.full(LATENT_DIM, 1e-2))
    terms = jax.jit(latent_terms)(problem.vae, params, jax.random.key(2), problem.x)
    np.testing.assert_allclose(terms.information, np.full(N, np.log(N)), rtol=1e-4)
    assert np.all(np.asarray(terms.information) <= np.log(N) + 1e-5)


def test_where_log_n_is_a_ceiling_the_figure_says_so_and_has_a_bound_from_above() -> None:
    """q of width 1e-2: I(x; z) of all x is ½ Σ log v / s², 9 nats where 13 examples show log 13."""
    problem = Problem()
    params = problem.exact.params(SHIFT, np.full(LATENT_DIM, 1e-2))
    found = diagnose(problem.vae, params, jax.random.key(2), problem.x)
    scale = problem.exact.posterior_matrix()[1] * 1e-2
    v = 1.0 - problem.exact.posterior_matrix()[1] ** 2 + scale**2
    information = 0.5 * np.sum(np.log(v / scale**2))
    assert found.is_at_ceiling
    assert found.mutual_information.value < np.log(N) + 1e-5 < information < found.mutual_information_above.value
    document = diagnostics_document(found)
    assert document["mutual_information"]["note"] == f"at least: its ceiling is log 13 = {np.log(13):.2f}"
    assert "at most" in document["marginal_kl"]["note"]
    assert document["mutual_information"]["upper_bound"]["value"] <= document["average_kl"]["value"]


def test_both_bounds_of_the_information_meet_with_many_examples() -> None:
    """Of 1,000 draws and 3,000 posteriors; z of one draw are those of `latent_terms` with `num_drawn`."""
    problem = Problem(3000)
    found = diagnose(problem.vae, problem.params, jax.random.key(2), problem.x)
    information = 0.5 * np.sum(np.log(problem.aggregate_variance / problem.scale**2))
    error = found.mutual_information.standard_error
    assert found.num_examples == 3000
    assert error is not None
    assert not found.is_at_ceiling
    above = found.mutual_information_above
    assert found.mutual_information.value - 6 * error < information < above.value + 6 * error
    assert abs(above.value - found.mutual_information.value) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_bound_from_above_is_never_below_0_or_the_figure(seed: int) -> None:
    """Of 20 examples and a posterior that says little: one draw an example is noisier than what it measures."""
    model = jv.VAE((6,), 4, jv.networks.MLP((5,)), jv.networks.MLP((5,)))
    params = model.init(jax.random.key(0))
    x = jax.random.uniform(jax.random.key(9), (20, 6))
    found = diagnose(model, params, jax.random.key(seed), x)
    assert found.mutual_information_above.value >= max(0.0, found.mutual_information.value)
    assert found.mutual_information_above.value <= max(found.average_kl.value, found.mutual_information.value)


def test_an_encoder_of_many_operations_is_shown_fewer_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem()
    module = import_module("jaxvae.evaluation.diagnose")
    monkeypatch.setattr(module, "MOST_DRAWN", 3)
    monkeypatch.setattr(module, "_MOST_OPERATIONS", 1.0)
    assert diagnose(problem.vae, problem.params, jax.random.key(1), problem.x).num_examples == 3
    monkeypatch.setattr(module, "_MOST_OPERATIONS", 1e9)
    assert diagnose(problem.vae, problem.params, jax.random.key(1), problem.x).num_examples == N


def code_model() -> tuple[jv.VAE, Any, jax.Array, np.ndarray]:
    """Bernoulli latents that copy the first two pixels, and examples with codes of known frequencies."""
    model = tiny_vae(posterior=jv.posteriors.Bernoulli())
    params = jax.jit(jv.init)(model, jax.random.key(0))
    kernel, bias = (np.zeros_like(params["encoder"]["params"]["Dense_0"][name]) for name in ("kernel", "bias"))
    kernel[[0, 1], [0, 1]], bias[:] = 200.0, -100.0  # log-odds ±100
    params = {**params, "encoder": {"params": {"Dense_0": {"kernel": jnp.asarray(kernel), "bias": jnp.asarray(bias)}}}}
    codes = np.array([[0, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1], [1, 1], [0, 0], [0, 0]])
    x = np.zeros((len(codes), *TINY_SHAPE), np.float32)
    x.reshape(len(codes), -1)[:, :2] = codes
    return model, params, jnp.asarray(x), codes


@pytest.mark.slow
def test_codes_without_noise_carry_their_entropy() -> None:
    """3, 2 and 4 of 9 examples share a code: I is the entropy of these shares, the rest of 2 log 2 is marginal KL."""
    model, params, x, codes = code_model()
    terms = jax.jit(latent_terms)(model, params, jax.random.key(1), x)
    shares = np.array([3, 2, 4]) / 9
    entropy = -np.sum(shares * np.log(shares))
    assert float(jnp.mean(terms.information)) == pytest.approx(entropy, rel=1e-5)
    assert float(jnp.mean(terms.marginal_kl)) == pytest.approx(2 * np.log(2) - entropy, rel=1e-4)
    assert float(jnp.mean(terms.kl)) == pytest.approx(2 * np.log(2), rel=1e-5)
    units = jax.jit(active_units)(model, params, jax.random.key(1), x)
    np.testing.assert_allclose(units.variances, codes.var(axis=0), rtol=1e-5)


def test_the_order_of_examples_and_the_size_of_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    model, params, x, _ = code_model()
    order = np.random.default_rng(0).permutation(len(x))

    def terms_of(x: jax.Array) -> Any:
        return jax.jit(lambda x: latent_terms(model, params, jax.random.key(1), x))(x)

    def units_of(x: jax.Array) -> jax.Array:
        return jax.jit(lambda x: active_units(model, params, jax.random.key(1), x))(x).variances

    whole, units = terms_of(x), units_of(x)
    for one, other in zip(whole, terms_of(x[order]), strict=True):
        np.testing.assert_allclose(one[order], other, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(units, units_of(x[order]), rtol=1e-5)
    monkeypatch.setattr(diagnostics, "_PAIRS_AT_ONCE", 2 * len(x))  # nine examples by twos, and encoded by fours
    monkeypatch.setattr(diagnostics, "ENCODED_AT_ONCE", 4)
    for one, other in zip(whole, terms_of(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(units, units_of(x), rtol=1e-5)


@pytest.mark.slow
def test_the_aggregate_is_that_of_the_other_estimators() -> None:
    """Lagging inference looks at the same information; β-TCVAE's stratified weights are equal where B = N."""
    problem, key = Problem(), jax.random.key(4)
    each_key = jax.vmap(lambda index: jax.random.fold_in(key, index))(jnp.arange(N))
    mask = np.ones(N, bool)
    batch = jax.jit(batch_information)(problem.vae, problem.params, each_key, problem.x, mask)
    information = mutual_information(problem.vae, problem.params, jax.random.clone(key), problem.x)
    np.testing.assert_allclose(information, batch, rtol=1e-5)
    q = Normal(jnp.asarray(problem.loc), jnp.broadcast_to(jnp.asarray(problem.scale), (N, LATENT_DIM)), event_ndim=1)
    z = q.sample(jax.random.key(5))
    _, aggregate = jax.vmap(lambda i, z: own_and_aggregate(q, i, z, mask))(jnp.arange(N), z)
    np.testing.assert_allclose(aggregate, log_aggregate(q, z, mask, N, "stratified")[0], rtol=1e-5)


def off_and_on(problem: Problem, variances: np.ndarray) -> Any:
    """Parameters of an encoder whose means have these variances over the problem's examples."""
    params = jax.tree.map(np.array, problem.params)
    factor = np.sqrt(variances / problem.loc.var(axis=0))
    params["encoder"]["params"]["Dense_0"]["kernel"][:, :LATENT_DIM] *= factor
    return params


def test_active_units_are_those_whose_mean_moves(problem: Problem) -> None:
    variances = np.array([0.0081, 0.0121])
    units = jax.jit(active_units)(problem.vae, off_and_on(problem, variances), jax.random.key(1), problem.x)
    np.testing.assert_allclose(units.variances, variances, rtol=1e-4)
    assert np.asarray(units.is_active).tolist() == [False, True]
    assert not units.by_draws


@jv.dataclass
class WithoutMean(DiagonalNormal):
    """The normal posterior as a distribution that has no mean."""

    def distribution(self, model: jv.VAE, params: Any, outputs: jax.Array) -> Any:
        """q(z|x)."""
        return ScoreOnly(super().distribution(model, params, outputs))


def test_without_a_mean_the_noise_of_draws_adds_nothing() -> None:
    """An unbiased estimate within 6 of its standard errors, of a unit that is off and one that is on."""
    problem = Problem(400)
    variances = np.array([0.0, 0.3])
    model = jv.VAE(DATA_SHAPE, LATENT_DIM, jv.networks.MLP(()), jv.networks.MLP(()), WithoutMean())
    units = jax.jit(active_units)(model, off_and_on(problem, variances), jax.random.key(1), problem.x)
    noise = problem.scale**2 / 64
    error = np.sqrt((2 * variances * noise + noise**2) / 400)
    assert bool(units.by_draws)
    assert np.all(np.abs(np.asarray(units.variances) - variances) < 6 * error)
    assert 6 * error[0] < 0.01
    assert np.asarray(units.is_active).tolist() == [False, True]


@pytest.mark.fast_rows(2)
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_every_posterior_has_diagnostics(posterior: str) -> None:
    model = tiny_vae(latent_dim=4, posterior=POSTERIORS[posterior]())

    def figures(key: jax.Array, x: jax.Array) -> Any:
        params = model.init(key, x)
        return latent_terms(model, params, keys(1, 1)[0], x), active_units(model, params, keys(2, 1)[0], x)

    x = jax.ShapeDtypeStruct((BATCH, *TINY_SHAPE), jnp.float32)
    terms, units = jax.eval_shape(figures, jax.random.key(0), x)
    assert {terms.information.shape, terms.marginal_kl.shape, terms.kl.shape} == {(BATCH,)}
    assert terms.kl_dimensions is None or terms.kl_dimensions.shape == (BATCH, 4)
    assert units.variances.shape == (4,)


def test_a_large_test_set_is_thinned_evenly(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("jaxvae.evaluation.diagnose"), "MOST_EXAMPLES", 5)
    monkeypatch.setattr(import_module("jaxvae.evaluation.diagnose"), "MOST_DRAWN", 5)
    thinned = diagnose(problem.vae, problem.params, jax.random.key(1), problem.x)
    chosen = diagnose(problem.vae, problem.params, jax.random.key(1), problem.x[np.array([0, 3, 6, 9, 12])])
    assert thinned.num_examples == 5
    assert diagnostics_document(thinned) == diagnostics_document(chosen)


def made_up(information: float, variances: list[float], count: int = 50) -> Diagnostics:
    """Diagnostics with these figures."""
    units = ActiveUnits(jnp.asarray(variances), by_draws=False)
    return Diagnostics(
        Estimate(information, 0.01), Estimate(7.0, 0.1), Estimate(0.2, 0.1), Estimate(0.3, 0.1), None, units, count
    )


@pytest.mark.parametrize(
    ("one", "ignores"),
    [
        (made_up(0.05, [0.5, 0.001]), True),
        (made_up(0.15, [0.5, 0.001]), False),
        (made_up(0.5, [0.005, 0.001]), True),
        (made_up(3.0, [0.005, 0.001]), False),  # latents of a small scale, such as many one-hot classes
        (made_up(0.0, [0.0], count=1), False),  # log 1 = 0: nothing can be told
    ],
    ids=["no information", "some", "no active unit", "small scale", "one example"],
)
def test_when_the_decoder_ignores_z(one: Diagnostics, ignores: bool) -> None:
    assert one.ignores_latents == ignores
    assert diagnostics_document(one)["ignores_latents"]["value"] == ignores


def test_the_entry_of_the_document(problem: Problem) -> None:
    document = diagnostics_document(diagnose(problem.vae, problem.params, jax.random.key(1), problem.x))
    assert document["num_examples"] == N
    assert document["mutual_information"]["ceiling"] == pytest.approx(np.log(N))
    assert document["average_kl"]["value"] == pytest.approx(sum(document["kl_per_dimension"]["values"]), rel=1e-5)
    assert document["active_units"]["of"] == len(document["active_units"]["variances"]) == LATENT_DIM
    assert document["active_units"]["value"] == sum(a > 0.01 for a in document["active_units"]["variances"])
    for name in ("mutual_information", "marginal_kl", "average_kl", "active_units", "kl_per_dimension"):
        assert document[name]["estimator"]
    assert diagnostics_document(None)["value"] is None
    assert "density" in diagnostics_document(None)["reason"]
