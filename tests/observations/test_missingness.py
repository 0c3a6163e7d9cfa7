"""Missing not at random: log p(x_observed, s) against quadrature, and what is refused."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import jaxvae as jv
from jaxvae import networks
from jaxvae.evaluation import importance_estimate
from jaxvae.observation import Observation

NOISE, WEIGHT = 0.7, 1.3


def model(hides: str = "large") -> jv.VAE:
    """x₁, x₂ | z ~ N(w z, s²) with one latent, and cells that hide themselves."""
    return jv.VAE(
        (2,),
        1,
        networks.MLP(()),
        networks.MLP(()),
        likelihood=jv.likelihoods.Normal(scale=NOISE, start="unit"),
        missingness=jv.SelfMasking(hides),  # type: ignore[arg-type]
    )


def parameters(vae: jv.VAE) -> Any:
    params: Any = vae.init(jax.random.key(0))
    params["decoder"]["params"]["Dense_0"] = {"kernel": jnp.full((1, 2), WEIGHT), "bias": jnp.zeros(2)}
    params["missingness"] |= {"raw_slope": jnp.array([0.8, -0.3]), "threshold": jnp.array([0.2, -0.5])}
    return params


def log_joint_by_quadrature(params: Any, hides: str, x: float) -> float:
    """log p(x₁, s = (1, 0)) = log ∫ N(x; 0, w² 1 1ᵀ + s² I) p(s|x) dx₂."""
    raw = np.asarray(params["missingness"]["raw_slope"], np.float64)
    slope = {"large": np.log1p(np.exp(raw)), "small": -np.log1p(np.exp(raw)), "either": raw}[hides]
    threshold = np.asarray(params["missingness"]["threshold"], np.float64)
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    other = 6.0 * nodes
    points = np.stack([np.full_like(other, x), other], axis=1)
    covariance: Any = WEIGHT**2 * np.ones((2, 2)) + NOISE**2 * np.eye(2)
    of_x = stats.multivariate_normal(np.zeros(2), covariance).logpdf(points)
    logits = -slope * (points - threshold)
    of_s = special.log_expit(logits[:, 0]) + special.log_expit(-logits[:, 1])
    # ∫ f(x₂) dx₂ with x₂ = 6 u, by weights of exp(−u²/2)
    return float(special.logsumexp(of_x + of_s + 0.5 * nodes**2 + np.log(weights)) + np.log(6.0))


@pytest.mark.parametrize("hides", ["large", "small", "either"])
def test_importance_sampling_against_quadrature(hides: str) -> None:
    vae = model(hides)
    params = parameters(vae)
    example = Observation(jnp.array([0.9, jnp.nan]), jnp.array([True, False]))
    found = jax.jit(lambda key: importance_estimate(vae, params, key, example, 20_000))(jax.random.key(1))
    error = float(found.draw_error)
    assert error < 0.02
    assert abs(float(found.log_marginal) - log_joint_by_quadrature(params, hides, 0.9)) < 6 * error


def test_imputations_know_why_an_entry_is_hidden() -> None:
    """If large values hide, the mean of a hidden one is above that of missing at random, and right by quadrature."""
    vae = model("large")
    params = parameters(vae)
    example = Observation(jnp.array([0.3, 0.0]), jnp.array([True, False]))
    found = jax.jit(lambda key: jv.impute(vae, params, key, example, 20_000))(jax.random.key(1))
    raw, threshold = (np.asarray(params["missingness"][name], np.float64) for name in ("raw_slope", "threshold"))
    grid = np.linspace(-12, 12, 20_001)
    points = np.stack([np.full_like(grid, 0.3), grid], axis=1)
    covariance: Any = WEIGHT**2 * np.ones((2, 2)) + NOISE**2 * np.eye(2)
    log_weights = stats.multivariate_normal(np.zeros(2), covariance).logpdf(points)
    at_random = np.average(grid, weights=np.exp(log_weights))
    log_weights += special.log_expit(np.log1p(np.exp(raw[1])) * (grid - threshold[1]))
    mean = np.average(grid, weights=np.exp(log_weights))
    assert mean > at_random + 0.1
    spread = np.sqrt(np.average((grid - mean) ** 2, weights=np.exp(log_weights)))
    error = spread / np.sqrt(float(found.effective_sample_size))
    assert abs(float(found.mean[1]) - mean) < 6 * error
    assert set(np.asarray(found.draws)[:, 0].tolist()) == {np.float32(0.3).item()}


def test_a_whole_example_says_that_all_was_seen() -> None:
    """log p(s = 1 | x) counts for a plain array, too."""
    vae = model()
    params, x = parameters(vae), jnp.array([0.9, -0.4])
    draw = vae.draw(params, jax.random.key(0), x)
    z = draw.latents
    plain = jnp.sum(vae.decode(params, z).log_prob(x))
    own = params["missingness"]
    logits = -jax.nn.softplus(own["raw_slope"]) * (x - own["threshold"])
    assert float(draw.log_likelihood) == pytest.approx(float(plain + jnp.sum(jax.nn.log_sigmoid(logits))), rel=1e-5)


def test_it_learns_the_threshold() -> None:
    """Values above 0 are hidden: training finds a positive slope without being told the sign."""
    from jaxvae.data import Preprocessing
    from jaxvae.training import Optimizer, Training, create_state, fit

    rng = np.random.default_rng(0)
    values = rng.normal(size=(500, 1)) * np.ones((1, 3)) + 0.3 * rng.normal(size=(500, 3))
    values = values.astype(np.float32)
    seen = np.ones(values.shape, bool)
    seen[:, 0] = values[:, 0] < 0
    vae = jv.VAE((3,), 1, likelihood=jv.likelihoods.Normal(), missingness=jv.SelfMasking())
    training = Training(vae, Preprocessing(), Optimizer(learning_rate=3e-3), jv.objectives.IWAE(5), epochs=60)
    examples = Observation(jnp.asarray(values), jnp.asarray(seen))
    state = create_state(training, jax.random.key(0), examples, 500)
    for epoch in fit(training, state, examples, examples):
        state = epoch.state
    assert float(state.params["missingness"]["raw_slope"][0]) > 0.5


def test_what_it_cannot_do_is_one_line() -> None:
    with pytest.raises(jv.UserError, match="a likelihood whose draws pass a gradient, got Bernoulli"):
        jv.VAE((3,), 2, missingness=jv.SelfMasking())
    vae = model()
    with pytest.raises(jv.UserError, match=r"log p\(x\|z\) of a given z is no single number"):
        vae.log_joint(parameters(vae), jnp.ones(2), jnp.zeros(1))
    with pytest.raises(jv.UserError, match="must be one of large, small, either; got 'big'"):
        jv.SelfMasking("big")  # type: ignore[arg-type]
