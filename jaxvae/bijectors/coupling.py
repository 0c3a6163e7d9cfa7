"""Couplings: one half of the dimensions passes, and decides what happens to the other."""

import jax
import jax.numpy as jnp

from jaxvae.bijectors.affine import bounded_log_scale
from jaxvae.bijectors.bijector import Bijector
from jaxvae.bijectors.rational_quadratic import rational_quadratic
from jaxvae.checks import check_component, check_range
from jaxvae.errors import UserError
from jaxvae.networks import MLP, Network
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

INITIAL_GAIN = 0.01  # of what the network puts out: a fresh coupling is nearly the identity, and its network learns


def _init(network: Network, key: Key, dim: int, context_dim: int, numbers: int, name: str) -> Params:
    """The weights of a network that puts out `numbers` for each dimension of the second half, and their gains."""
    if dim < 2:
        raise UserError(
            f"{name} needs at least 2 dimensions (one half decides what happens to the other), got {dim}: take "
            f"--latent_dim 2, or the bijector MAF"
        )
    passed, shape = jnp.zeros(dim // 2 + context_dim), (numbers, dim - dim // 2)
    return {"network": network.init(key, passed, shape), "gain": jnp.full(shape, INITIAL_GAIN, dtype=float)}


def _halves(network: Network, weights: Params, context: Array, z: Array, numbers: int) -> tuple[Array, Array, Array]:
    """The half that passes, `[⌊D/2⌋]`, the other, `[⌈D/2⌉]`, and the network's numbers for it, `[numbers, ⌈D/2⌉]`."""
    passed, other = z[: z.size // 2], z[z.size // 2 :]
    shape: Shape = (numbers, other.size)
    seen = jnp.concatenate([passed, context]) if context.size else passed
    return passed, other, weights["gain"] * network.apply(weights["network"], seen, shape)


@dataclass
class AffineCoupling(Bijector):
    """Affine coupling (RealNVP): fast both ways.

    y_a = z_a,  y_b = z_b exp(s) + t,  (t, raw) = gain · network(z_a, context),  s = 3 tanh(raw / 3)

    z_a is the first ⌊D/2⌋ dimensions and z_b the other ⌈D/2⌉; a flow turns the order round in every second layer. Dinh,
    Sohl-Dickstein and Bengio 2017, section 3.2.

    Args:
        network: from z_a and the context to t and raw.

    Raises:
        UserError: for a network that is none, and in `init` for one dimension.
    """

    network: Network = MLP((64, 64))

    def __post_init__(self) -> None:
        check_component(self, Network, network=self.network)

    def context_size(self, dim: int, context_dim: int) -> int:
        """What its network sees: `context_dim`."""
        del dim
        return context_dim

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """The weights of the network, and gains of 0.01."""
        return _init(self.network, key, dim, context_dim, 2, "AffineCoupling")

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """In one pass."""
        passed, other, (shift, raw) = _halves(self.network, weights, context, z, 2)
        log_scale = bounded_log_scale(raw)
        return jnp.concatenate([passed, other * jnp.exp(log_scale) + shift]), jnp.sum(log_scale)

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """In one pass."""
        passed, other, (shift, raw) = _halves(self.network, weights, context, y, 2)
        log_scale = bounded_log_scale(raw)
        return jnp.concatenate([passed, (other - shift) * jnp.exp(-log_scale)]), -jnp.sum(log_scale)


@dataclass
class SplineCoupling(Bijector):
    """Rational-quadratic spline coupling: fast both ways, and bends each dimension at will between ±`tail_bound`.

    y_a = z_a,  y_b,d = spline(z_b,d; raw_d),  raw = gain · network(z_a, context)

    The halves are those of `AffineCoupling`; beyond the bound the spline is the identity. Durkan, Bekasov, Murray and
    Papamakarios 2019, section 3.

    Args:
        num_bins: pieces of each spline.
        tail_bound: B, the spline bends [−B, B] [latent units].
        network: from z_a and the context to the widths, heights and slopes of the pieces.

    Raises:
        UserError: for a number out of range, a network that is none, and in `init` for one dimension.
    """

    num_bins: int = 8
    tail_bound: float = 3.0
    network: Network = MLP((64, 64))

    def __post_init__(self) -> None:
        check_range(self, at_least=1, at_most=500, num_bins=self.num_bins)  # each has a thousandth at least
        check_range(self, above=0.0, tail_bound=self.tail_bound)
        check_component(self, Network, network=self.network)

    def context_size(self, dim: int, context_dim: int) -> int:
        """What its network sees: `context_dim`."""
        del dim
        return context_dim

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """The weights of the network, and gains of 0.01."""
        return _init(self.network, key, dim, context_dim, 3 * self.num_bins - 1, "SplineCoupling")

    def _map(self, weights: Params, context: Array, z: Array, is_inverse: bool) -> tuple[Array, Array]:
        passed, other, raw = _halves(self.network, weights, context, z, 3 * self.num_bins - 1)

        def spline(raw: Array, x: Array) -> tuple[Array, Array]:
            return rational_quadratic(raw, x, self.tail_bound, is_inverse=is_inverse)

        other, log_slopes = jax.vmap(spline, (1, 0))(raw, other)
        return jnp.concatenate([passed, other]), jnp.sum(log_slopes)

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """In one pass."""
        return self._map(weights, context, z, is_inverse=False)

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """In one pass."""
        return self._map(weights, context, y, is_inverse=True)
