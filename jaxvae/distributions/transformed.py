"""A distribution carried through a bijector."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.bijectors.bijector import Bijector
from jaxvae.distributions.distribution import (
    Distribution,
    SupportsSampleAndLogProb,
    check_event,
    is_reparameterized,
    is_straight_through,
    sample_and_log_prob,
    score_term,
)
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


def over_batch(function: Callable[..., Any], outputs: str, ndims: tuple[int, ...], *arrays: Array) -> Any:
    """Call a function of single arrays on arrays whose batch axes broadcast against each other.

    Args:
        function: of arrays with `ndims` axes.
        outputs: the axes of what it returns, as in `jnp.vectorize`: `(d),()` for vectors as long as the last array and
            numbers.
        ndims: axes of each array that are not batch axes; the last array is a vector.
        arrays: with batch axes before.
    """
    batch_ndim = max(array.ndim - ndim for array, ndim in zip(arrays, ndims, strict=True))
    aligned = [
        array.reshape((1,) * (batch_ndim + ndim - array.ndim) + array.shape)
        for array, ndim in zip(arrays, ndims, strict=True)
    ]
    axes = [",".join(f"axis{i}_{j}" for j in range(ndim)) for i, ndim in enumerate(ndims[:-1])]
    signature = ",".join(f"({names})" for names in [*axes, "d"])
    return jnp.vectorize(function, signature=f"{signature}->{outputs}")(*aligned)


@dataclass
class Transformed(Distribution):
    """The distribution of y = f(z) with z ~ base and f a bijector: a normalising flow.

    log p(y) = log base(z) − log |det ∂y/∂z|,  z = f⁻¹(y)

    `sample_and_log_prob` needs no inverse. `log_prob` does; all bijectors of the library have one.

    Args:
        base: distribution over vectors, `[*batch, D]`.
        bijector: the map f.
        params: of the bijector: `weights`, as its `init` draws them (or a batch of them), and `context`, `[*batch, n]`.
        event_ndim: 1: the event is a vector.
        ndims: axes of each parameter that are not batch axes; found when the object is built.

    Example:
        >>> from jaxvae.bijectors import Permutation
        >>> from jaxvae.distributions import Normal
        >>> base = Normal(jnp.array([0.0, 5.0]), jnp.ones(2))
        >>> flow = Transformed(base, Permutation(), {"weights": {}, "context": jnp.zeros(0)})
        >>> bool(flow.log_prob(jnp.array([5.0, 0.0])) == base.log_prob(jnp.array([0.0, 5.0])))
        True
    """

    base: SupportsSampleAndLogProb
    bijector: Bijector
    params: Params
    event_ndim: int = 1
    ndims: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        *base_batch, dim = self._shape
        leaves, structure = jax.tree.flatten((self.bijector, self.params))
        leaves = [jnp.asarray(leaf) for leaf in leaves]
        ndims = tuple(leaf.ndim for leaf in leaves)  # for one example, as models build it
        if base_batch or self.params["context"].ndim > 1:
            weights = jax.eval_shape(lambda: self.bijector.init(jax.random.key(0), dim, 1))
            single = (self.bijector, {"context": jax.ShapeDtypeStruct((dim,), float), "weights": weights})
            ndims = tuple(jnp.ndim(leaf) for leaf in jax.tree.leaves(single))
        batches = [leaf.shape[: leaf.ndim - ndim] for leaf, ndim in zip(leaves, ndims, strict=True)]
        batch = jnp.broadcast_shapes(tuple(base_batch), *batches)
        leaves = [
            jnp.broadcast_to(
                leaf.reshape((1,) * (len(batch) + ndim - leaf.ndim) + leaf.shape),
                batch + leaf.shape[leaf.ndim - ndim :],
            )
            for leaf, ndim in zip(leaves, ndims, strict=True)
        ]
        base = self.base
        for size in reversed(batch[: len(batch) - len(base_batch)]):
            base = jax.vmap(lambda _, base=base: base)(jnp.zeros(size))  # one for each member of the batch
        bijector, params = jax.tree.unflatten(structure, leaves)
        for name, value in {"base": base, "bijector": bijector, "params": params, "ndims": ndims}.items():
            object.__setattr__(self, name, value)

    @property
    def _shape(self) -> Shape:
        """`[*batch, D]` of a draw from the base."""
        return jax.eval_shape(lambda: self.base.sample(jax.random.key(0))).shape

    def _map(self, method: str, value: Array) -> tuple[Array, Array]:
        leaves, structure = jax.tree.flatten((self.bijector, self.params))

        def one(*arrays: Array) -> tuple[Array, Array]:
            bijector, params = jax.tree.unflatten(structure, arrays[:-1])
            return getattr(bijector, method)(params["weights"], params["context"], arrays[-1])

        return over_batch(one, "(d),()", (*self.ndims, 1), *leaves, value)

    @property
    def is_reparameterized(self) -> bool:
        """Whether the base is reparameterized."""
        return is_reparameterized(self.base)

    @property
    def is_straight_through(self) -> bool:
        """Whether the gradient of the base is that of a relaxed draw."""
        return is_straight_through(self.base)

    def score_term(self, value: Array) -> Array:
        """The score term of the base at the z of `value`, `[*batch]`; the bijector learns through the draw."""
        z, _ = jax.lax.stop_gradient(self)._map("inverse_and_log_det", jax.lax.stop_gradient(value))
        return score_term(self.base, z)

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`.

        Raises:
            UserError: if the bijector has no inverse.
        """
        check_event(value, self._shape, 1)
        z, log_det = self._map("inverse_and_log_det", value)
        return self.base.log_prob(z) + log_det

    def sample(self, key: Key) -> Array:
        """A draw of the base, carried through the bijector, `[*batch, D]`."""
        return self._map("forward_and_log_det", self.base.sample(key))[0]

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """One draw and its log-density in nats, without an inverse."""
        z, log_base = sample_and_log_prob(key, self.base)
        y, log_det = self._map("forward_and_log_det", z)
        return y, log_base - log_det
