"""Importance-weighted log-likelihood."""

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.checks import check_range
from jaxvae.draw import Model
from jaxvae.typing import Array, Key, Params

CHUNK = 250  # draws held in memory at once for one example


def exact_log_marginal(model: Model, params: Params, x: Array) -> Array:
    """The exact log p(x) of ONE example under a model with discrete latents, in nats: log Σ_z p(x|z) p(z).

    Args:
        model: the model description; its posterior says what values z has.
        params: all parameters.
        x: one example, `data_shape`.

    Raises:
        UserError: if z is not discrete, or has more than 65,536 values.

    Example:
        >>> from jaxvae import VAE, init, posteriors, priors
        >>> vae = VAE((4,), 2, posterior=posteriors.Bernoulli(), prior=priors.UniformBernoulli())
        >>> exact_log_marginal(vae, init(vae, jax.random.key(0)), jnp.ones(4)).shape
        ()
    """
    states = model.enumerate(params, x)
    return logsumexp(states.log_likelihood + states.log_prior)


def log_marginal(model: Model, params: Params, key: Key, x: Array, num_samples: int = 5000) -> Array:
    """Importance-weighted estimate of log p(x) of ONE example, in nats.

    log p̂(x) = log (1/K Σ_k p(x, z_k) / q(z_k|x)),  z_k ~ q(z|x);  K = num_samples

    A lower bound of log p(x) in expectation that rises with K (Burda, Grosse and Salakhutdinov 2016, theorem 1). The
    encoder runs once; the draws are summed in chunks, so memory does not grow with K.

    Args:
        model: the model description.
        params: all parameters.
        key: for the draws.
        x: one example, `data_shape`.
        num_samples: K ≥ 1 [samples].

    Raises:
        UserError: if `num_samples` is below 1.
        ValueError: if `x` has not the shape of one example.

    Example:
        >>> from jaxvae import VAE, init
        >>> vae = VAE(data_shape=(4,), latent_dim=2)
        >>> log_marginal(vae, init(vae, jax.random.key(0)), jax.random.key(1), jnp.ones(4), num_samples=10).shape
        ()
    """
    check_range(log_marginal, at_least=1, num_samples=num_samples)
    posterior = model.encode(params, x)

    def chunk_sum(index: Array, size: int) -> Array:
        """The logarithm of the sum of `size` weights, `[]`."""
        keys = jax.random.split(jax.random.fold_in(key, index), size)
        draws = jax.vmap(lambda one: model.draw(params, one, x, posterior=posterior))(keys)
        return logsumexp(draws.log_weight)

    chunks, rest = divmod(num_samples, CHUNK)
    total = jnp.asarray(-jnp.inf, x.dtype)
    if chunks:
        total, _ = jax.lax.scan(
            lambda sum_so_far, index: (jnp.logaddexp(sum_so_far, chunk_sum(index, CHUNK)), None),
            total,
            jnp.arange(chunks),
        )
    if rest:
        total = jnp.logaddexp(total, chunk_sum(jnp.asarray(chunks), rest))
    return total - jnp.log(jnp.asarray(num_samples, x.dtype))
