"""The loss of inference: the gap between log p(x) and the ELBO, split in two."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.evaluation.likelihood import importance_estimate
from jaxvae.keys import same_draws
from jaxvae.model import Model
from jaxvae.objectives.elbo import elbo_terms
from jaxvae.objectives.refine import refine
from jaxvae.observation import Example
from jaxvae.typing import Array, Key, Params

ELBO_DRAWS = 500  # for each of the two ELBOs


class InferenceGaps(NamedTuple):
    """log p(x) − ELBO of one example and its two parts, nats, `[]` each, and how reliable log p(x) is."""

    elbo: Array
    """ELBO of the encoder's q(z|x)."""
    refined_elbo: Array
    """ELBO of the best q* in the same family, found by gradient steps on this example alone."""
    log_marginal: Array
    """Importance-weighted log p(x) by draws from q*."""
    amortization_gap: Array
    """ELBO(q*) − ELBO(q): what one encoder for all examples loses."""
    approximation_gap: Array
    """log p(x) − ELBO(q*): what the family of q loses."""
    effective_sample_size: Array
    """Effective number of draws behind log p(x), `[]`: near 1, one draw has nearly all the weight."""


def inference_gaps(
    model: Model,
    params: Params,
    key: Key,
    x: Example,
    *,
    num_samples: int = 5000,
    num_draws: int = ELBO_DRAWS,
    steps: int = 500,
    learning_rate: float = 0.05,
) -> InferenceGaps:
    """The approximation gap and the amortisation gap of ONE example, nats.

    log p(x) − ELBO(q) = [log p(x) − ELBO(q*)] + [ELBO(q*) − ELBO(q)],  q* = argmax over the family of q of ELBO

    q* is found by `refine`, so the first part includes what a finite number of steps leaves. Both ELBOs are means over
    the same number of draws. log p(x) is importance-weighted, a lower bound, so the approximation gap is one too.
    Cremer, Li and Duvenaud 2018, section 3.

    Args:
        model: the model description.
        params: all parameters.
        key: for refinement and draws.
        x: one example, `data_shape`.
        num_samples: importance samples for log p(x) [samples].
        num_draws: of z for each ELBO [samples].
        steps: gradient steps to q*.
        learning_rate: of these steps [units of the encoder's outputs per step].

    Raises:
        UserError: for a number out of range.

    Example:
        >>> from jaxvae import VAE, init
        >>> model = VAE(data_shape=(4,), latent_dim=2)
        >>> params = init(model, jax.random.key(0))
        >>> gaps = inference_gaps(model, params, jax.random.key(1), jnp.ones(4), num_samples=100, num_draws=10, steps=5)
        >>> bool(jnp.isclose(gaps.log_marginal - gaps.elbo, gaps.approximation_gap + gaps.amortization_gap))
        True
    """
    refine_key, elbo_key, marginal_key = jax.random.split(key, 3)
    model, x = model.given(x)
    encoded = model.encode(params, x)
    refined = refine(model, params, refine_key, x, steps=steps, learning_rate=learning_rate)

    def elbo(key: Key) -> Array:
        """The ELBOs of q and q* by one draw of each with the same noise, `[2]`."""
        draws = [model.draw(params, same_draws(key), x, posterior=q) for q in (encoded, refined)]
        return jnp.stack([elbo_terms(draw).value for draw in draws])

    before, after = jnp.mean(jax.lax.map(elbo, jax.random.split(elbo_key, num_draws), batch_size=min(num_draws, 50)), 0)
    estimate = importance_estimate(model, params, marginal_key, x, num_samples, refined)
    log_marginal = estimate.log_marginal
    gaps = (after - before, log_marginal - after)
    return InferenceGaps(before, after, log_marginal, *gaps, estimate.effective_sample_size)
