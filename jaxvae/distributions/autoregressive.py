"""A density as a product of conditionals, each a mixture of normals."""

import math

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, check_event
from jaxvae.distributions.transformed import over_batch
from jaxvae.distributions.transforms import positive
from jaxvae.fast import standard_normal
from jaxvae.networks import MADE
from jaxvae.networks.made import batch_shape, weight_ndims
from jaxvae.numerics import HALF_LOG_2PI
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

MIN_SCALE = 1e-3  # keeps the density bounded if a component narrows down to one value
SPREAD = 0.5  # of the means of a new network's components, which together have mean 0 and variance 1


@dataclass
class Autoregressive(Distribution):
    """A vector in which each dimension is a mixture of K normals that depends on the earlier dimensions.

    log p(x) = Σ_d log Σ_k π_dk N(x_d; μ_dk, σ_dk),  (log π, μ, σ)_d = made(x_1 … x_{d−1})

    π is a softmax, and σ a softplus that is at least 1e-3. If the network puts out zeros, each mixture has mean 0 and
    variance 1, and its means lie evenly between ±½. A density takes one pass, a sample D passes. The mixtures follow
    RNADE (Uria, Murray and Larochelle 2013); one masked network gives them (Germain et al. 2015).

    Args:
        made: network with 3 K outputs for each dimension and no context.
        weights: of the network, `[*batch, …]` each.
        event_ndim: 1: the event is a vector.

    Example:
        >>> made = MADE(dim=2, num_outputs=3)
        >>> p = Autoregressive(made, jax.tree.map(jnp.zeros_like, made.init(jax.random.key(0))))
        >>> float(p.log_prob(jnp.zeros(2)))  # a standard normal in two dimensions: −log 2π
        -1.837...
    """

    made: MADE
    weights: Params
    event_ndim: int = 1

    @property
    def is_reparameterized(self) -> bool:
        """False if there are several components, because the choice of a sample's component is discrete."""
        return self.made.num_outputs == 3

    @property
    def _shape(self) -> Shape:
        """`[*batch, D]`."""
        return (*batch_shape(self.weights), self.made.dim)

    def _components(self, weights: Params, x: Array) -> tuple[Array, Array, Array]:
        """log π, μ and σ for one `x`, each `[K, D]`."""
        logits, shift, raw = self.made.apply(weights, x).reshape(3, -1, self.made.dim)
        number = logits.shape[0]
        spread = [SPREAD * (2.0 * k / (number - 1) - 1.0) for k in range(number)] if number > 1 else [0.0]
        rest = math.sqrt(1.0 - sum(one**2 for one in spread) / number)
        scale = MIN_SCALE + (rest - MIN_SCALE) * positive(raw, 0.0)
        return jax.nn.log_softmax(logits, axis=0), shift + jnp.asarray(spread, x.dtype)[:, None], scale

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`."""
        check_event(value, self._shape, 1)
        leaves, structure = jax.tree.flatten(self.weights)

        def one(*arrays: Array) -> Array:
            x = arrays[-1]
            log_weight, loc, scale = self._components(jax.tree.unflatten(structure, arrays[:-1]), x)
            log_normal = -0.5 * ((x[None] - loc) / scale) ** 2 - jnp.log(scale) - HALF_LOG_2PI
            return jnp.sum(jax.nn.logsumexp(log_weight + log_normal, axis=0))

        return over_batch(one, "()", (*weight_ndims(self.weights), 1), *leaves, value)

    def sample(self, key: Key) -> Array:
        """One draw, a dimension at a time, `[*batch, D]`; no gradient passes through a draw from a mixture."""
        leaves, structure = jax.tree.flatten(self.weights)
        shape, dtype = self._shape, leaves[0].dtype
        which_key, noise_key = jax.random.split(key)
        gumbel = jax.random.gumbel(which_key, (*shape[:-1], self.made.num_outputs // 3, shape[-1]), dtype)
        noise = standard_normal(noise_key, shape, dtype)

        def one(*arrays: Array) -> Array:
            *weights, gumbel, noise = arrays

            def next_dimension(d: Array, x: Array) -> Array:
                log_weight, loc, scale = self._components(jax.tree.unflatten(structure, weights), x)
                chosen = jnp.argmax(log_weight + gumbel, axis=0)[None]
                loc, scale = (jnp.take_along_axis(array, chosen, axis=0)[0] for array in (loc, scale))
                return jnp.where(jnp.arange(x.size) == d, loc + scale * noise, x)

            return jax.lax.fori_loop(0, noise.size, next_dimension, jnp.zeros_like(noise))

        value = over_batch(one, "(d)", (*weight_ndims(self.weights), 2, 1), *leaves, gumbel, noise)
        return value if self.is_reparameterized else jax.lax.stop_gradient(value)
