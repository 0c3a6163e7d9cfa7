"""Hidden entries: exact marginals, and nothing hidden reaches a number."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxvae as jv
from jaxvae import distributions
from jaxvae.distributions import marginal_log_prob
from jaxvae.evaluation import importance_estimate
from jaxvae.hidden import complete_columns
from jaxvae.observation import Observation
from tests.components import LIKELIHOODS
from tests.helpers import assert_finite, keys
from tests.linear_gaussian import DATA_SHAPE, LATENT_DIM, NUM_PIXELS, LinearGaussian

NUM_MODELS = 40


normal: Any = stats.multivariate_normal  # its stubs take a covariance for a number


def hidden_posterior(model: LinearGaussian, x: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of p(z | x_seen)."""
    weights = model.weights[seen]
    precision = np.eye(LATENT_DIM) + weights.T @ weights / model.noise**2
    covariance = np.linalg.inv(precision)
    return covariance @ weights.T @ (x[seen] - model.bias[seen]) / model.noise**2, covariance


def test_a_linear_gaussian_model_with_any_entries_hidden() -> None:
    """With the exact posterior log w is log N(x_seen; b, W Wᵀ + s² I) for every key."""
    rng = np.random.default_rng(3)
    models = [LinearGaussian.random(rng) for _ in range(NUM_MODELS)]
    flat = np.stack([model.sample(rng) for model in models])
    seen = rng.random((NUM_MODELS, NUM_PIXELS)) < rng.uniform(0.0, 1.0, (NUM_MODELS, 1))
    seen[0], seen[1] = True, False  # all, and none
    exact = [hidden_posterior(*each) for each in zip(models, flat, seen, strict=True)]
    expected = [
        normal(model.bias[s], model.covariance[np.ix_(s, s)]).logpdf(x[s]) if s.any() else 0.0
        for model, x, s in zip(models, flat, seen, strict=True)
    ]
    flat[~seen] = np.nan
    x = Observation(jnp.asarray(flat.reshape(-1, *DATA_SHAPE), jnp.float32), jnp.asarray(seen.reshape(-1, *DATA_SHAPE)))
    q = distributions.MultivariateNormal(
        jnp.asarray([loc for loc, _ in exact], jnp.float32),
        jnp.asarray([np.linalg.cholesky(covariance) for _, covariance in exact], jnp.float32),
    )

    def log_weight(model: jv.VAE, params: Any, key: jax.Array, x: Observation, q: Any) -> tuple[jax.Array, jax.Array]:
        draw = model.draw(params, key, x, posterior=q)
        again = importance_estimate(model, params, jax.random.fold_in(key, 1), x, 7, q)
        return draw.log_weight, again.log_marginal

    vaes, params = jv.stack([model.vae() for model in models]), jv.stack([model.params() for model in models])
    for found in jax.jit(jax.vmap(log_weight))(vaes, params, keys(1, NUM_MODELS), x, q):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_imputation_is_the_conditional_mean() -> None:
    """Of one model: E[x_m | x_o], and the draws' mean and covariance, within 6 standard errors."""
    rng = np.random.default_rng(5)
    model = LinearGaussian.random(rng)
    x, seen = model.sample(rng), np.arange(NUM_PIXELS) % 3 != 0
    covariance = model.covariance
    gain = covariance[np.ix_(~seen, seen)] @ np.linalg.inv(covariance[np.ix_(seen, seen)])
    mean = model.bias[~seen] + gain @ (x[seen] - model.bias[seen])
    spread = covariance[np.ix_(~seen, ~seen)] - gain @ covariance[np.ix_(seen, ~seen)]
    loc, of_z = hidden_posterior(model, x, seen)
    # the posterior of the proposal is off, so that the weights have work to do
    off = distributions.MultivariateNormal(
        jnp.asarray(loc + 0.3, jnp.float32), jnp.asarray(1.3 * np.linalg.cholesky(of_z), jnp.float32)
    )
    x[~seen] = np.nan
    example = Observation(jnp.asarray(x.reshape(DATA_SHAPE), jnp.float32), jnp.asarray(seen.reshape(DATA_SHAPE)))
    count, draws = 20_000, 4_000
    found = jax.jit(
        lambda key: jv.impute(model.vae(), model.params(), key, example, count, num_draws=draws, posterior=off)
    )(jax.random.key(0))
    flat = np.asarray(found.mean).ravel()
    np.testing.assert_array_equal(flat[seen], x[seen].astype(np.float32))
    error = np.sqrt(np.diag(model.weights[~seen] @ of_z @ model.weights[~seen].T) / float(found.effective_sample_size))
    assert np.all(np.abs(flat[~seen] - mean) < 6 * error + 1e-4)
    assert 0.3 * count < float(found.effective_sample_size) < count
    hidden = np.asarray(found.draws).reshape(draws, -1)[:, ~seen]
    assert np.all(np.abs(hidden.mean(axis=0) - mean) < 6 * np.sqrt(np.diag(spread) / draws) + 6 * error)
    ratio = hidden.var(axis=0) / np.diag(spread)
    assert np.all(np.abs(ratio - 1) < 6 * np.sqrt(2 / draws) + 0.05)


def last_hidden(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A mask that every likelihood can leave out: the hidden entries come last."""
    size = int(np.prod(shape))
    return (np.arange(size) < rng.integers(1, size)).reshape(shape)


@pytest.mark.fast_rows(4)
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_what_is_hidden_reaches_no_value_and_no_gradient(name: str) -> None:
    """NaN, 1e30 or a value of the support in hidden entries: the same ELBO, the same gradient, all finite.

    With all entries seen log p(x|z) is the plain one, and with none it is 0.
    """
    row = LIKELIHOODS[name]
    model = jv.VAE(row.data_shape, 2, jv.networks.MLP((5,)), jv.networks.MLP((5,)), likelihood=row.build())
    seen = last_hidden(row.data_shape, np.random.default_rng(2))

    @jax.jit
    def start(key: jax.Array) -> tuple[Any, jax.Array, jax.Array]:
        params = model.init(key)
        x = jv.sample(model, params, jax.random.fold_in(key, 1))
        return params, x, model.draw(params, jax.random.key(2), x).log_likelihood

    @jax.jit
    def value_and_gradient(params: Any, value: jax.Array, seen: jax.Array) -> Any:
        def elbo(params: Any) -> tuple[jax.Array, jax.Array]:
            terms = jv.elbo(model, params, jax.random.key(2), Observation(value, seen))
            return terms.value, terms.log_likelihood

        return jax.value_and_grad(elbo, has_aux=True)(params)

    params, x, plain = start(jax.random.key(0))
    others = (np.nan, 1e30, np.asarray(x))
    values = [jnp.asarray(np.where(seen, x, other), jnp.float32) for other in others]
    found = [value_and_gradient(params, value, jnp.asarray(seen)) for value in values]
    assert_finite(found[0])
    for other in found[1:]:
        jax.tree.map(np.testing.assert_array_equal, found[0], other)
    (_, every), _ = value_and_gradient(params, x, jnp.ones(row.data_shape, bool))
    np.testing.assert_allclose(every, plain, rtol=2e-6, atol=1e-5)
    (_, nothing), _ = value_and_gradient(params, x, jnp.zeros(row.data_shape, bool))
    assert float(nothing) == 0.0


def sums_over(p: Any, x: np.ndarray, hidden: list[tuple[int, ...]], levels: np.ndarray) -> float:
    """log Σ p(x) over all values of the hidden entries."""
    terms = []
    for values in itertools.product(levels, repeat=len(hidden)):
        y = x.copy()
        for index, value in zip(hidden, values, strict=True):
            y[index] = value
        terms.append(float(p.log_prob(jnp.asarray(y, jnp.float32))))
    return float(np.logaddexp.reduce(terms))


def test_densities_that_are_no_sum_of_independent_terms_against_sums() -> None:
    """Autoregressive pixels, hidden from the end; colours of a pixel, blue before green before red."""
    rng = np.random.default_rng(1)
    made = jv.networks.MADE(dim=5, features=(7,))
    weights = jax.tree.map(lambda leaf: leaf * 3.0, made.init(jax.random.key(0)))
    ordered = distributions.AutoregressiveBernoulli(made, weights, jnp.asarray(rng.normal(size=5), jnp.float32))
    x = rng.integers(0, 2, 5).astype(np.float32)
    for count in range(1, 5):
        seen = jnp.arange(5) < count
        expected = sums_over(ordered, x, [(d,) for d in range(count, 5)], np.array([0.0, 1.0]))
        assert float(marginal_log_prob(ordered, jnp.asarray(x), seen)) == pytest.approx(expected, abs=1e-5)
    levels = np.arange(4) / 3

    def of(*shape: int) -> jax.Array:
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    pixels = distributions.DiscretizedLogisticMixtureRGB(
        of(2, 3), 0.5 + of(2, 3, 3), 0.2 + of(2, 3, 3) ** 2, of(2, 3, 3), num_levels=4
    )
    x = rng.choice(levels, (2, 3)).astype(np.float32)
    seen = np.array([[True, True, False], [True, False, False]])
    expected = sums_over(pixels, x, [(0, 2), (1, 1), (1, 2)], levels)
    assert float(marginal_log_prob(pixels, jnp.asarray(x), jnp.asarray(seen))) == pytest.approx(expected, abs=1e-5)


def test_normals_with_a_covariance_and_mixtures_of_them() -> None:
    rng = np.random.default_rng(4)
    factors = np.tril(rng.normal(size=(3, 4, 4))) + 2 * np.eye(4)
    locs, logits, x = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=4)
    seen = np.array([True, False, True, True])
    part = np.ix_(seen, seen)
    each = [normal(m[seen], (f @ f.T)[part]).logpdf(x[seen]) for m, f in zip(locs, factors, strict=True)]
    as_float = [jnp.asarray(array, jnp.float32) for array in (locs, factors, logits, x)]
    components = distributions.MultivariateNormal(as_float[0], as_float[1])
    found = marginal_log_prob(components, as_float[3], jnp.asarray(seen))
    np.testing.assert_allclose(found, each, rtol=1e-5)
    weights = logits - np.logaddexp.reduce(logits)
    mixture = distributions.Mixture(as_float[2], components)
    found = marginal_log_prob(mixture, as_float[3], jnp.asarray(seen))
    assert float(found) == pytest.approx(np.logaddexp.reduce(weights + each), rel=1e-5)
    shares = np.exp(weights + [normal(m, f @ f.T).logpdf(x) for m, f in zip(locs, factors, strict=True)])
    np.testing.assert_allclose(mixture.responsibilities(as_float[3]), shares / shares.sum(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("fill", ["zero", "mean", "learned"])
@pytest.mark.parametrize("show_mask", [False, True])
def test_the_encoder_sees_the_fill_and_the_mask(fill: str, show_mask: bool) -> None:
    """A linear encoder is solved for its input: what it sees can be read off its output."""
    size = 6
    model = jv.VAE(
        (size,),
        6 * (2 if show_mask else 1),
        jv.networks.MLP(()),
        jv.networks.MLP(()),
        likelihood=jv.likelihoods.Normal(start="unit"),
        fill=fill,  # type: ignore[arg-type]
        show_mask=show_mask,
    )
    rng = np.random.default_rng(0)
    seen = rng.random((30, size)) < 0.6
    values = rng.normal(3.0, 1.0, (30, size)).astype(np.float32)
    examples = Observation(jnp.asarray(values), jnp.asarray(seen))
    params: Any = model.init(jax.random.key(0), examples)
    width = model.latent_dim
    kernel = jnp.concatenate([jnp.eye(width), jnp.zeros((width, width))], axis=1)
    params["encoder"]["params"]["Dense_0"] = {"kernel": kernel, "bias": jnp.zeros(2 * width)}
    shown = np.asarray(model.encode(params, Observation(jnp.asarray(values[0]), jnp.asarray(seen[0]))).mean)
    means = np.asarray(complete_columns(examples)).mean(axis=0)
    np.testing.assert_allclose(shown[:size], np.where(seen[0], values[0], 0.0 if fill == "zero" else means), rtol=1e-5)
    if show_mask:
        np.testing.assert_array_equal(shown[size:], seen[0])
        whole = np.asarray(model.encode(params, jnp.asarray(values[0])).mean)
        np.testing.assert_array_equal(whole[size:], np.ones(size))
    gradient = jax.grad(lambda params: jnp.sum(model.encode(params, Observation(values[0], seen[0])).mean))(params)
    moves = [float(jnp.sum(jnp.abs(leaf))) for leaf in jax.tree.leaves(gradient.get("hidden", {}))]
    assert (sum(moves) > 0) == (fill == "learned")


def test_columns_of_a_table_are_shown_as_hidden_with_all_their_numbers() -> None:
    likelihood = jv.likelihoods.Mixed(("real", "categorical:3", "ordinal:4", "binary"))
    model = jv.VAE((4,), 2, likelihood=likelihood)
    found = likelihood.encoder_observed(model, jnp.array([True, False, True, False]))
    assert found.tolist() == [True, False, False, False, True, False]


def test_examples_are_completed_by_their_own_columns() -> None:
    """Each observed value of a column fills about as many gaps as any other, in JAX and in NumPy alike."""
    rng = np.random.default_rng(0)
    values: Any = rng.normal(size=(50, 3, 2))
    seen: Any = rng.random((50, 3, 2)) < 0.4
    seen[:, 2, 1] = False
    found = np.asarray(complete_columns(Observation(values, seen)))
    assert found.dtype == np.float64
    for index in itertools.product(range(3), range(2)):
        column, mask = (array[:, index[0], index[1]] for array in (values, seen))
        new = found[:, index[0], index[1]]
        np.testing.assert_array_equal(new[mask], column[mask])
        if mask.any():
            counts = [int((new[~mask] == value).sum()) for value in column[mask]]
            assert sum(counts) == int((~mask).sum())
            assert max(counts) - min(counts) <= 1
        else:
            np.testing.assert_array_equal(new, column)
    as_jax: Any = complete_columns(Observation(jnp.asarray(values, jnp.float32), jnp.asarray(seen)))
    np.testing.assert_allclose(as_jax, found, rtol=1e-6)


@jv.dataclass
class OfOnes(jv.priors.Prior):
    """A prior of one's own, made of the encoder as docs/extending.md shows it."""

    space = None

    def distribution(self, model: Any, params: Any) -> Any:
        """q(z|1)."""
        return jv.encode(model, params, jnp.ones(4))


def test_priors_made_of_the_encoder_do_not_depend_on_the_example() -> None:
    """A VampPrior encodes its pseudo-inputs whole and without dropout, for any example, also one with a label."""
    classes = jv.posteriors.ClassAndNormal(2, 3, jv.networks.MLP((5,)))
    noisy = jv.networks.Bfloat16(jv.networks.MLP((9,), dropout=0.5))
    vamp = jv.VAE((4,), 4, noisy, posterior=classes, prior=jv.priors.Vamp(num_components=3))
    params = vamp.init(jax.random.key(0))
    z = jnp.array([1.0, 0.0, 0.3, -0.2])
    told = Observation(jnp.ones(4), jnp.array([True, True, False, True]), label=jnp.asarray(1))
    prior = vamp.given(told, jax.random.key(1))[0].prior_given(params, jnp.ones(4))
    assert float(prior.log_prob(z)) == float(vamp.prior.distribution(vamp, params).log_prob(z))
    for prior in (jv.priors.Vamp(num_components=3), jv.priors.Exemplar(num_exemplars=3), OfOnes()):
        model = jv.VAE((4,), 2, prior=prior, show_mask=True)
        params = model.init(jax.random.key(0), jax.random.bernoulli(jax.random.key(4), 0.5, (9, 4)).astype(float))
        z = jnp.array([0.3, -0.2])
        x = jnp.full(4, 9.0)  # equal to no exemplar
        some, _ = model.given(Observation(x, jnp.array([True, True, False, True])))
        whole = model.prior.distribution(model, params).log_prob(z)
        assert float(some.prior_given(params, x).log_prob(z)) == pytest.approx(float(whole), rel=1e-6)
