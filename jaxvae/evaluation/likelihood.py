"""Importance-weighted log-likelihood."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.checks import check_count
from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.errors import UserError
from jaxvae.evaluation.pareto import tail_length
from jaxvae.model import Model
from jaxvae.observation import Example
from jaxvae.typing import Array, Key, Params

CHUNK = 250  # draws held in memory at once for one example
_KEPT = 32  # at least so many of the largest weights are kept one by one


def exact_log_marginal(model: Model, params: Params, x: Example) -> Array:
    """The exact log p(x) of ONE example under a model with discrete latents, in nats: log Σ_z p(x|z) p(z).

    Args:
        model: the model description; its posterior lists the values of z.
        params: all parameters.
        x: one example, `data_shape`, or an `Observation`: then log p(x_observed | c).

    Raises:
        UserError: if z is not discrete, or has more than 65,536 values.

    Example:
        >>> from jaxvae import VAE, init, posteriors, priors
        >>> model = VAE((4,), 2, posterior=posteriors.Bernoulli(), prior=priors.UniformBernoulli())
        >>> exact_log_marginal(model, init(model, jax.random.key(0)), jnp.ones(4)).shape
        ()
    """
    states = model.enumerate(params, x)
    if states.log_state is not None:
        raise UserError(
            "the exact log p(x) sums over all values of z, got latents of which only a part is discrete: take "
            "log_marginal, which draws them"
        )
    return logsumexp(states.log_likelihood + states.log_prior)


class ImportanceEstimate(NamedTuple):
    """log p(x) of one example from K draws of q(z|x), and the reliability that its weights show."""

    log_marginal: Array
    """log (1/K Σ_k w_k), nats, `[]`."""
    effective_sample_size: Array
    """(Σ_k w_k)² / Σ_k w_k², `[]`: from 1 (one draw has all the weight) to K (all are equal)."""
    draw_error: Array
    """The standard error of `log_marginal` that is due to the draws, nats, `[]`: √(1 / ESS − 1 / K), to first order."""
    jackknife: Array
    """log p̂(x) without its bias of order 1 / K, nats, `[]`; not a bound, with more variance, and NaN for K = 1."""
    largest: Array
    """The largest log weights, in falling order, `[min(K, ⌈min(K / 5, 3 √K)⌉ + 1)]`: for `pareto_shape`."""
    rest: Array
    """The logarithm of the sum of all other weights, nats, `[]`: for `pareto_smoothed`."""


def importance_estimate(
    model: Model,
    params: Params,
    key: Key,
    x: Example,
    num_samples: int = 5000,
    posterior: SupportsSampleAndLogProb | None = None,
) -> ImportanceEstimate:
    """log p(x) of ONE example by importance sampling, with the diagnostics of its weights.

    The arguments and errors are those of `log_marginal`, which is its first field. Draws are from `posterior` if it is
    given, else from the encoder's q(z|x). The encoder runs once and the draws are summed in chunks. Only the tail of
    the weights grows with K, as √K. Jackknife: Nowozin 2018, equation 9, of order 1.

    Example:
        >>> from jaxvae import VAE, init
        >>> model = VAE(data_shape=(4,), latent_dim=2)
        >>> params = init(model, jax.random.key(0))
        >>> importance_estimate(model, params, jax.random.key(1), jnp.ones(4), num_samples=100).largest.shape
        (21,)
    """
    check_count(log_marginal, num_samples=num_samples)
    model, x = model.given(x)
    posterior = model.encode(params, x) if posterior is None else posterior
    tail = min(num_samples, tail_length(num_samples) + 1)
    kept = min(num_samples, max(tail, _KEPT))

    def log_weights(index: Array, size: int) -> Array:
        keys = jax.random.split(jax.random.fold_in(key, index), size)
        return jax.vmap(lambda one: model.draw(params, one, x, posterior=posterior))(keys).log_weight

    def add(sums: _Sums, weights: Array) -> _Sums:
        """The sums with more weights."""
        both = jnp.concatenate([sums.largest, weights])
        largest = jax.lax.top_k(both, kept)[0]
        least = largest[-1]  # of the kept weights; the others are summed in its unit
        unit = jnp.where(jnp.isfinite(least), least, 0.0)
        is_below = both < least
        shares = jnp.where(is_below, jnp.exp(both - unit), 0.0)
        below, *others = jnp.sum(jnp.stack([is_below.astype(x.dtype), shares, shares**2, shares**3]), axis=1)
        tied = (len(weights) - below) * jnp.exp(least - unit)  # as many as were added are left out
        others = jnp.stack(others) + tied
        return _Sums(largest, jnp.logaddexp(sums.powers, jnp.log(others) + orders * unit))

    orders = jnp.arange(1, 4, dtype=x.dtype)
    sums = _Sums(jnp.full(kept, -jnp.inf, x.dtype), jnp.full(3, -jnp.inf, x.dtype))
    chunks, rest = divmod(num_samples, CHUNK)
    if chunks:
        sums, _ = jax.lax.scan(
            lambda sums, index: (add(sums, log_weights(index, CHUNK)), None), sums, jnp.arange(chunks)
        )
    if rest:
        sums = add(sums, log_weights(jnp.asarray(chunks), rest))
    total = logsumexp(jnp.append(sums.largest, sums.powers[0]))
    squares = logsumexp(jnp.append(2.0 * sums.largest, sums.powers[1]))
    size = jnp.exp(2.0 * total - squares)
    error = jnp.sqrt(jnp.maximum(1.0 / size - 1.0 / num_samples, 0.0))
    log_mean = total - jnp.log(jnp.asarray(num_samples, x.dtype))
    return ImportanceEstimate(
        log_mean,
        size,
        error,
        log_mean + _jackknife_correction(sums, total, num_samples),
        sums.largest[:tail],
        logsumexp(jnp.append(sums.largest[tail:], sums.powers[0])),
    )


class _Sums(NamedTuple):
    """The summary of the weights."""

    largest: Array
    """The largest log weights, in falling order, `[kept]`."""
    powers: Array
    """log Σ w, log Σ w² and log Σ w³ of all others, `[3]`."""


def _jackknife_correction(sums: _Sums, total: Array, num_samples: int) -> Array:
    """K L_K − (K − 1) mean_i L_{K−1}^(−i) − L_K, where L^(−i) leaves out the weight i; NaN for K = 1.

    (K − 1) log (1 − 1/K) − (K − 1)/K Σ_i log (1 − p_i),  p_i = w_i / Σ w

    The other weights have p_i ≤ 1/32: three terms of the series of their logarithm are exact to 1e-5 nats.
    """
    if num_samples == 1:
        return jnp.full((), jnp.nan, total.dtype)
    largest, powers = sums
    without_first = logsumexp(jnp.append(largest[1:], powers[0])) - total  # exact if one weight is nearly all
    logs = without_first + jnp.sum(jnp.log1p(-jnp.exp(largest[1:] - total)))
    orders = jnp.arange(1, 4, dtype=total.dtype)
    logs -= jnp.sum(jnp.exp(powers - orders * total) / orders)
    count = jnp.asarray(num_samples, total.dtype)
    return (count - 1.0) * (jnp.log1p(-1.0 / count) - logs / count)


def log_marginal(model: Model, params: Params, key: Key, x: Example, num_samples: int = 5000) -> Array:
    """Importance-weighted estimate of log p(x) of ONE example, in nats.

    log p̂(x) = log (1/K Σ_k p(x, z_k) / q(z_k|x)),  z_k ~ q(z|x);  K = num_samples

    A lower bound of log p(x) in expectation that rises with K (Burda, Grosse and Salakhutdinov 2016, theorem 1). The
    encoder runs once; the draws are summed in chunks, so memory does not grow with K.

    Args:
        model: the model description.
        params: all parameters.
        key: for the draws.
        x: one example, `data_shape`, or an `Observation`: then log p(x_observed | c).
        num_samples: K ≥ 1 [samples].

    Raises:
        UserError: if `num_samples` is below 1.
        ValueError: if `x` does not have the shape of one example.

    Example:
        >>> from jaxvae import VAE, init
        >>> model = VAE(data_shape=(4,), latent_dim=2)
        >>> log_marginal(model, init(model, jax.random.key(0)), jax.random.key(1), jnp.ones(4), num_samples=10).shape
        ()
    """
    return importance_estimate(model, params, key, x, num_samples).log_marginal
