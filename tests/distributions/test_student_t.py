"""Student's t: gradients by the degrees of freedom, in the density and through samples."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from jaxvae.distributions import StudentT
from tests.helpers import assert_mean, keys


def test_gradient_by_the_degrees_of_freedom_agrees_with_finite_differences() -> None:
    """In float32, against scipy in float64, from heavier than Cauchy's to all but normal."""
    df, x = (np.ravel(a) for a in np.meshgrid([0.05, 0.7, 1.0, 4.0, 30.0, 1e3, 1e5], [0.0, 0.5, 3.0, 50.0]))
    log_prob = jax.vmap(jax.grad(lambda df, x: StudentT(df, jnp.zeros(()), jnp.ones(())).log_prob(x)))
    gradient = log_prob(jnp.asarray(df, jnp.float32), jnp.asarray(x, jnp.float32))
    step = 1e-4 * df
    expected = (stats.t.logpdf(x, df + step) - stats.t.logpdf(x, df - step)) / (2 * step)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=3e-6)


def test_gradient_through_samples_is_unbiased() -> None:
    """d/d(df, loc, scale) of E[log(1 + x²)] by quadrature, within 5 standard errors."""
    parameters = (1.5, 0.4, 0.7)

    def expectation(df: float, loc: float, scale: float) -> float:
        u = (np.arange(200_000) + 0.5) / 200_000
        return float(np.mean(np.log1p(stats.t.ppf(u, df, loc, scale) ** 2)))

    def draw(parameters: tuple[jax.Array, ...], key: jax.Array) -> jax.Array:
        return jnp.log1p(StudentT(*parameters).sample(key) ** 2)

    gradients = jax.jit(jax.vmap(jax.grad(draw), (None, 0)))(tuple(map(jnp.array, parameters)), keys(0, 40_000))
    for i, gradient in enumerate(gradients):
        above, below = (tuple(p + s * (j == i) for j, p in enumerate(parameters)) for s in (1e-3, -1e-3))
        assert_mean(gradient, (expectation(*above) - expectation(*below)) / 2e-3)
