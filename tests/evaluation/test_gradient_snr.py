"""The signal-to-noise ratio of gradients: closed forms, and how it changes with the number of draws."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation import gradient_signal_to_noise
from jaxvae.evaluation.gradient_snr import gradient_draws, noise_floor, signal_to_noise
from jaxvae.objectives import ELBO, IWAE
from tests.helpers import assert_trees_close
from tests.linear_gaussian import DATA_SHAPE, LATENT_DIM, LinearGaussian, as_example


def test_ratios_of_normal_gradients() -> None:
    """The estimate of a ratio r from R draws has variance (1 + r²/2) / R."""
    mean, spread, repeats = np.array([[0.3, -2.0, 5.0]]), np.array([[0.5, 4.0, 1.0]]), 40_000
    noise = np.random.default_rng(0).normal(size=(repeats, 1, 3))
    ratios = signal_to_noise({"a": jnp.asarray(mean + spread * noise, jnp.float32)})["a"]
    expected = np.abs(mean) / spread
    assert ratios.shape == (1, 3)
    assert np.all(np.abs(ratios - expected) < 6 * np.sqrt((1 + expected**2 / 2) / repeats))


def test_the_floor_is_the_mean_ratio_of_pure_noise() -> None:
    repeats, number = 50, 4000
    draws = np.random.default_rng(1).normal(size=(repeats, number))
    ratios = np.asarray(signal_to_noise(jnp.asarray(draws, jnp.float32)))
    error = ratios.std() / np.sqrt(number)
    # dividing by a standard deviation of 50 draws raises the mean by 1/64 or so
    assert abs(ratios.mean() - noise_floor(repeats) * (1 + 3 / (4 * repeats))) < 6 * error


class Problem:
    """A linear-Gaussian model with a posterior that is a little off, and a batch."""

    def __init__(self, batch: int) -> None:
        rng = np.random.default_rng(3)
        self.exact = LinearGaussian.random(rng)
        self.flat = np.stack([self.exact.sample(rng) for _ in range(batch)])
        self.x = jnp.asarray(self.flat.reshape(batch, *DATA_SHAPE), jnp.float32)
        self.vae, self.params = self.exact.vae(), self.exact.params(0.1, 1.1)


def test_the_gradient_of_the_elbo_to_the_mean_of_q_in_closed_form() -> None:
    """−∂ELBO/∂loc = loc − Wᵀ(x − b − W (loc + scale ε)) / s² is normal: its spread is |w_d|² scale_d / s²."""
    problem, repeats = Problem(1), 20_000
    exact = problem.exact
    matrix, scale = exact.posterior_matrix()
    loc, scale = matrix @ (problem.flat[0] - exact.bias) + 0.1, 1.1 * scale
    mean = loc - exact.weights.T @ (problem.flat[0] - exact.bias - exact.weights @ loc) / exact.noise**2
    expected = np.abs(mean) / (np.sum(exact.weights**2, axis=0) * scale / exact.noise**2)

    measure = jax.jit(gradient_draws, static_argnums=5)
    draws = measure(ELBO(), problem.vae, problem.params, jax.random.key(1), as_example(problem.flat[0])[None], repeats)
    gradients = draws["encoder"]["params"]["Dense_0"]["bias"][:, :LATENT_DIM]
    assert gradients.shape == (repeats, LATENT_DIM)
    ratios = signal_to_noise(gradients)
    assert np.all(np.abs(np.asarray(ratios) - expected) < 6 * np.sqrt((1 + expected**2 / 2) / repeats))


def test_the_ratio_of_a_component_is_the_mean_over_parameters_that_change() -> None:
    """A pixel that is b in every example moves nothing in the encoder's first layer."""
    problem = Problem(5)
    x = problem.x.at[:, 0, 0].set(0.0)
    arguments = problem.vae, problem.params, jax.random.key(2), x
    draws = jax.jit(gradient_draws, static_argnums=5)(IWAE(3), *arguments, 30)
    ratios = jax.jit(gradient_signal_to_noise, static_argnums=5)(IWAE(3), *arguments, 30)
    assert set(ratios) == {"encoder", "decoder"}
    kernel = np.asarray(draws["encoder"]["params"]["Dense_0"]["kernel"], np.float64)
    assert kernel.shape == (30, 12, 2 * LATENT_DIM)
    each = [np.asarray(leaf, np.float64).reshape(30, -1) for leaf in jax.tree.leaves(draws["encoder"])]
    values = np.concatenate(each, axis=1)
    changing = values.std(axis=0) > 0
    assert np.count_nonzero(~changing) == 2 * LATENT_DIM
    values = values[:, changing]
    expected = np.mean(np.abs(values.mean(axis=0)) / values.std(axis=0, ddof=1))
    assert float(ratios["encoder"]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_draws_do_not_depend_on_how_many_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(3)
    arguments = IWAE(2), problem.vae, problem.params, jax.random.key(2), problem.x, 7
    whole = gradient_draws(*arguments)
    monkeypatch.setattr("jaxvae.evaluation.gradient_snr._GRADIENTS_AT_ONCE", 3)
    assert_trees_close(gradient_draws(*arguments), whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "encoder_slope"), [("reparameterized", -0.5), ("doubly_reparameterized", 0.5)], ids=["IWAE", "DReG"]
)
def test_how_the_ratios_change_with_the_number_of_draws(estimator: Any, encoder_slope: float) -> None:
    """IWAE's encoder falls as 1/√K, DReG's and every decoder rise as √K: Rainforth et al. 2018, Tucker et al. 2019.

    From K = 4 to 32 the slopes are −0.53 ± 0.02 and 0.48 ± 0.01 for the encoders, 0.52 ± 0.01 for the decoder (spread
    over keys): 0.15 is 5 spreads or more from each.
    """
    problem = Problem(40)
    measure = jax.jit(gradient_signal_to_noise, static_argnums=5)
    few, many = (
        measure(IWAE(count, estimator), problem.vae, problem.params, jax.random.key(count), problem.x, 2000)
        for count in (4, 32)
    )
    slopes = {name: float(jnp.log(many[name] / few[name]) / jnp.log(8.0)) for name in few}
    assert slopes["encoder"] == pytest.approx(encoder_slope, abs=0.15)
    assert slopes["decoder"] == pytest.approx(0.5, abs=0.15)


def test_one_draw_has_no_noise_to_measure() -> None:
    problem = Problem(1)
    with pytest.raises(jv.UserError, match=r"repeats must be >= 2, got 1"):
        gradient_draws(IWAE(2), problem.vae, problem.params, jax.random.key(2), problem.x, 1)
