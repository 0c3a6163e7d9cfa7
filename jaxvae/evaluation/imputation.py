"""What the hidden entries of an example are, given what was seen of it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.checks import check_count
from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.evaluation.likelihood import CHUNK
from jaxvae.model import Model
from jaxvae.observation import Example
from jaxvae.typing import Array, Key, Params


class Imputation(NamedTuple):
    """One example with its hidden entries filled in, and how reliable that is."""

    mean: Array
    """x, with E[x_hidden | x_observed] for its hidden entries, `data_shape`."""
    draws: Array
    """Draws of x, with x_hidden ~ p(x_hidden | x_observed), `[num_draws, *data_shape]`."""
    effective_sample_size: Array
    """(Σ_k w_k)² / Σ_k w_k², `[]`: from 1 (one draw of z has all the weight) to K (all are equal)."""


def impute(
    model: Model,
    params: Params,
    key: Key,
    x: Example,
    num_samples: int = 1000,
    *,
    num_draws: int = 100,
    posterior: SupportsSampleAndLogProb | None = None,
) -> Imputation:
    """The hidden entries of ONE example: their mean and draws of them, given what was seen.

    E[x_m | x_o] ≈ Σ_k w̃_k E[x_m | z_k],  w̃_k ∝ p(x_o | z_k) p(z_k) / q(z_k | x),  z_k ~ q(z|x)

    Self-normalised importance sampling; the draws choose a z_k with probability w̃_k and draw x_m ~ p(x_m | z_k)
    (sampling-importance-resampling). Both are exact as K grows. A likelihood without a mean uses draws of x_m in its
    place. With a `missingness` the weights contain p(s|x) of a draw of x_m, which is then the x_m of that z_k. Mattei
    and Frellsen 2019, equations 12 and 13.

    Args:
        model: the model description.
        params: all parameters.
        key: for all draws.
        x: one example, an `Observation` with `observed`; of a plain array nothing is hidden.
        num_samples: K [draws of z].
        num_draws: draws of the hidden entries.
        posterior: q(z|x) if it is known already; by default `x` is encoded.

    Raises:
        UserError: for a number below 1.

    Example:
        >>> import jaxvae as jv
        >>> model = jv.VAE((4,), 2, likelihood=jv.likelihoods.Normal())
        >>> params = jv.init(model, jax.random.key(0))
        >>> x = jv.Observation(jnp.array([0.5, jnp.nan, 1.0, jnp.nan]), jnp.array([True, False, True, False]))
        >>> found = impute(model, params, jax.random.key(1), x, num_samples=50, num_draws=3)
        >>> found.mean.shape, found.draws.shape, found.mean[0].tolist()
        ((4,), (3, 4), 0.5)
    """
    check_count(impute, num_samples=num_samples, num_draws=num_draws)
    model, x = model.given(x)
    q = model.encode(params, x) if posterior is None else posterior
    latents_key, choice_key, draws_key = jax.random.split(key, 3)
    at_once = min(num_samples, CHUNK)
    parts = -(-num_samples // at_once)
    indices = jnp.arange(parts * at_once).reshape(parts, at_once)

    def key_of(index: Array) -> Key:
        """The key of one draw; with a missingness the same draw of x_m is needed again after its weight."""
        return jax.random.fold_in(jax.random.clone(latents_key), index)

    def weigh(index: Array) -> tuple[Array, Array]:
        draw = model.draw(params, key_of(index), x, posterior=q)
        return draw.latents, draw.log_weight

    latents, log_weights = jax.lax.map(jax.vmap(weigh), indices)  # [parts, at once, …]
    is_one_of_k = indices < num_samples
    log_weights = jnp.where(is_one_of_k, log_weights, -jnp.inf)
    log_weights = jnp.where(jnp.any(log_weights > -jnp.inf), log_weights, jnp.where(is_one_of_k, 0.0, -jnp.inf))
    total = logsumexp(log_weights)
    weights = jnp.exp(log_weights - total)

    def weighted(sum_: Array, part: tuple[Array, Array, Array]) -> tuple[Array, None]:
        indices, z, weights = part
        each = jax.vmap(lambda index, z: model.expected(params, key_of(index), x, z))(indices, z)
        return sum_ + jnp.tensordot(weights, each, axes=1), None

    mean, _ = jax.lax.scan(weighted, jnp.zeros(model.data_shape, weights.dtype), (indices, latents, weights))

    def draw(key: Key, index: Array) -> Array:
        z = latents.reshape(-1, *latents.shape[2:])[index]
        return model.imputed(params, key_of(index), key, x, z)

    chosen = jax.random.categorical(choice_key, log_weights.ravel(), shape=(num_draws,))
    draws = jax.vmap(draw)(jax.random.split(draws_key, num_draws), chosen)
    size = jnp.exp(2.0 * total - logsumexp(2.0 * log_weights))
    return Imputation(model.completed(x, mean), draws, size)
