"""The two gaps of inference against a linear-Gaussian model, whose family of q holds the exact posterior."""

import jax
import numpy as np

from jaxvae.evaluation import inference_gaps
from tests.helpers import keys
from tests.linear_gaussian import LinearGaussian, as_example

NUM_REPEATS = 20


def test_the_gaps_of_a_wrong_encoder_are_all_amortisation() -> None:
    """KL(q ‖ p(z|x)) in closed form for the one, 0 for the other, within 5 standard errors and what Adam leaves."""
    rng = np.random.default_rng(1)
    problem = LinearGaussian.random(rng)
    flat = problem.sample(rng)
    model, params, x = problem.vae(), problem.params(np.array([0.5, -0.3]), np.array([0.6, 1.5])), as_example(flat)
    q = model.encode(params, x)
    loss = problem.log_marginal(flat) - problem.elbo(flat, np.asarray(q.loc), np.asarray(q.scale))  # type: ignore[attr-defined]
    measure = jax.jit(
        jax.vmap(lambda key: inference_gaps(model, params, key, x, num_samples=300, num_draws=90, steps=150))
    )
    gaps = measure(keys(2, NUM_REPEATS))
    for found, truth in ((gaps.amortization_gap, loss), (gaps.approximation_gap, 0.0)):
        values = np.asarray(found, np.float64)
        assert abs(np.mean(values) - truth) < 5 * np.std(values) / np.sqrt(NUM_REPEATS) + 0.02
    np.testing.assert_allclose(gaps.log_marginal, problem.log_marginal(flat), atol=0.05)
