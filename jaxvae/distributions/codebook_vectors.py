"""A distribution over the vectors of a codebook, given by a distribution over their indices."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, align, nan_where
from jaxvae.distributions.quantized import chosen_codes, nearest_codes
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class CodebookVectors(Distribution):
    """Vectors of a codebook whose indices have a distribution: log p(z) = log p(c),  z = [e_1c_1; …; e_Sc_S].

    A vector that is not a code counts as the nearest one. If a code occurs twice in the codebook, only the first index
    is read off a vector, so log p(z) is at most its true value.

    Args:
        indices: distribution over S = depth · groups class indices, the groups of the first level first.
        codebook: `[*batch, depth, num_codes, code_dim]`.
        event_ndim: 1: the event is a vector, `[depth · groups · code_dim]`.

    Example:
        >>> import jax.numpy as jnp
        >>> from jaxvae.distributions.categorical import Categorical
        >>> p = CodebookVectors(Categorical(jnp.zeros((3, 2))), jnp.array([[[0.0], [1.0]]]))
        >>> float(p.log_prob(jnp.array([1.0, 0.0, 1.0])))  # −3 log 2
        -2.079...
    """

    indices: Distribution
    codebook: Array
    event_ndim: int = 1

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob(self, value: Array) -> Array:
        """Log-probability of the codes of `value` in nats, `[*batch]`; no gradient passes to `value`."""
        depth, _, code_dim = self.codebook.shape[-3:]
        vectors, codebook = align(value.reshape(*value.shape[:-1], depth, -1, code_dim), self.codebook)
        indices = nearest_codes(*jax.lax.stop_gradient((vectors, codebook)))  # [*batch, depth, groups]
        log_prob = self.indices.log_prob(indices.reshape(*indices.shape[:-2], -1))
        return nan_where(jnp.any(jnp.isnan(value), axis=-1), log_prob)

    def sample(self, key: Key) -> Array:
        """A draw, `[*batch, depth · groups · code_dim]`."""
        indices = self.indices.sample(key)
        indices = indices.reshape(*indices.shape[:-1], self.codebook.shape[-3], -1)
        vectors = chosen_codes(indices, self.codebook)
        return vectors.reshape(*vectors.shape[:-3], -1)
