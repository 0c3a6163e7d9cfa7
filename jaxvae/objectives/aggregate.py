"""The aggregated posterior of a set of examples: the mixture of their posteriors."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.typing import Array


def own_and_aggregate(posteriors: Any, index: Array, z: Array, mask: Array) -> tuple[Array, Array]:
    """log q(z|x_i) and log q(z) = log (1/N) Σ_j q(z|x_j) of ONE z, nats, `[]` each.

    Their difference is at most log N. Its mean over examples and z ~ q(z|x_i) is how much z tells about which of the N
    examples it comes from. Hoffman and Johnson 2016, section 2. Any posterior with a density works.

    Args:
        posteriors: q(z|x_j), batched over `[examples]`.
        index: i, `[]`.
        z: one latent.
        mask: which N examples count, `[examples]` bool; the others are padding.

    Example:
        >>> from jaxvae.distributions import Normal
        >>> far_apart = Normal(jnp.array([[-50.0], [50.0]]), jnp.ones((2, 1)), event_ndim=1)
        >>> own, aggregate = own_and_aggregate(far_apart, 0, jnp.array([-50.0]), jnp.ones(2, bool))
        >>> round(float(own - aggregate), 4)  # log 2: one of two
        0.6931
    """
    each = jax.vmap(lambda q: q.log_prob(z))(posteriors)  # [examples]
    count = jnp.maximum(jnp.sum(mask), 1).astype(each.dtype)
    return each[index], logsumexp(jnp.where(mask, each, -jnp.inf)) - jnp.log(count)
