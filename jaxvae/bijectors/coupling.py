"""Couplings: one part of the dimensions passes unchanged, and decides what happens to the other."""

import jax
import jax.numpy as jnp

from jaxvae.bijectors.affine import bounded_log_scale
from jaxvae.bijectors.bijector import Bijector
from jaxvae.bijectors.rational_quadratic import rational_quadratic
from jaxvae.checks import check_range
from jaxvae.errors import UserError
from jaxvae.networks import MLP, NetworkLike, check_networks
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

INITIAL_GAIN = 0.01  # of the network's output: a new coupling is nearly the identity, and its network learns


def _passed(split: int | None, dim: int, name: str) -> int:
    """How many dimensions pass unchanged: `split`, by default ⌊D/2⌋."""
    if dim < 2:
        raise UserError(
            f"{name} needs at least 2 dimensions (one part decides what happens to the other), got {dim}: take "
            f"`latent_dim=2`, or the bijector MAF"
        )
    if split is not None and split >= dim:
        raise UserError(f"{name}.split must be < the number of dimensions {dim}, got {split}: some must change")
    return dim // 2 if split is None else split


def _init(network: NetworkLike, key: Key, dim: int, passed: int, context_dim: int, numbers: int) -> Params:
    """The weights of a network with `numbers` outputs for each dimension that it changes, and their gains."""
    seen, shape = jnp.zeros(passed + context_dim), (numbers, dim - passed)
    return {"network": network.init(key, seen, shape), "gain": jnp.full(shape, INITIAL_GAIN, dtype=float)}


def _parts(
    network: NetworkLike, weights: Params, context: Array, z: Array, passed: int, numbers: int
) -> tuple[Array, Array, Array]:
    """The part that passes `[n]`, the other part `[D − n]`, and the network's outputs for it `[numbers, D − n]`."""
    first, other = z[:passed], z[passed:]
    shape: Shape = (numbers, other.size)
    seen = jnp.concatenate([first, context]) if context.size else first
    return first, other, weights["gain"] * network.apply(weights["network"], seen, shape)


@dataclass
class AffineCoupling(Bijector):
    """Affine coupling (RealNVP): fast both ways.

    y_a = z_a,  y_b = z_b exp(s) + t,  (t, raw) = gain · network(z_a, context),  s = 3 tanh(raw / 3)

    z_a are the first n dimensions and z_b the others; a flow reverses the order in every second layer. Dinh,
    Sohl-Dickstein and Bengio 2017, section 3.2. One layer over independent normals makes z_b normal given z_a, which
    gives two stochastic layers.

    Args:
        network: from z_a and the context to t and raw.
        split: n, the number of dimensions that pass unchanged [dimensions]; by default ⌊D/2⌋.

    Raises:
        UserError: for a `network` that is not a network, a split below 1, and in `init` for one dimension or a split of
            all.
    """

    network: NetworkLike = MLP((64, 64), output_gain=1.0)  # its output is multiplied by a small gain already
    split: int | None = None

    def __post_init__(self) -> None:
        check_networks(self, network=self.network)
        check_range(self, at_least=1, split=self.split)

    def _passed(self, dim: int) -> int:
        return _passed(self.split, dim, "AffineCoupling")

    def context_size(self, dim: int, context_dim: int) -> int:
        """`context_dim`, the length of what its network sees."""
        del dim
        return context_dim

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """The weights of the network, and gains of 0.01."""
        return _init(self.network, key, dim, self._passed(dim), context_dim, 2)

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        passed, other, (shift, raw) = _parts(self.network, weights, context, z, self._passed(z.size), 2)
        log_scale = bounded_log_scale(raw)
        return jnp.concatenate([passed, other * jnp.exp(log_scale) + shift]), jnp.sum(log_scale)

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        passed, other, (shift, raw) = _parts(self.network, weights, context, y, self._passed(y.size), 2)
        log_scale = bounded_log_scale(raw)
        return jnp.concatenate([passed, (other - shift) * jnp.exp(-log_scale)]), -jnp.sum(log_scale)


@dataclass
class SplineCoupling(Bijector):
    """Rational-quadratic spline coupling: fast both ways, with a flexible curve of each dimension in ±`tail_bound`.

    y_a = z_a,  y_b,d = spline(z_b,d; raw_d),  raw = gain · network(z_a, context)

    The parts are those of `AffineCoupling`; outside of the bound the spline is the identity. Durkan, Bekasov, Murray
    and Papamakarios 2019, section 3.

    Args:
        num_bins: pieces of each spline.
        tail_bound: B; the spline acts on [−B, B] [latent units].
        network: from z_a and the context to the widths, heights and slopes of the pieces.
        split: number of dimensions that pass unchanged [dimensions]; by default ⌊D/2⌋.

    Raises:
        UserError: for a number out of range, a `network` that is not a network, and in `init` for one dimension or a
            split of all.
    """

    num_bins: int = 8
    tail_bound: float = 3.0
    network: NetworkLike = MLP((64, 64), output_gain=1.0)  # its output is multiplied by a small gain already
    split: int | None = None

    def __post_init__(self) -> None:
        check_range(self, at_least=1, at_most=500, num_bins=self.num_bins)  # each has a thousandth at least
        check_range(self, above=0.0, tail_bound=self.tail_bound)
        check_networks(self, network=self.network)
        check_range(self, at_least=1, split=self.split)

    def _passed(self, dim: int) -> int:
        return _passed(self.split, dim, "SplineCoupling")

    def context_size(self, dim: int, context_dim: int) -> int:
        """`context_dim`, the length of what its network sees."""
        del dim
        return context_dim

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """The weights of the network, and gains of 0.01."""
        return _init(self.network, key, dim, self._passed(dim), context_dim, 3 * self.num_bins - 1)

    def _map(self, weights: Params, context: Array, z: Array, is_inverse: bool) -> tuple[Array, Array]:
        numbers = 3 * self.num_bins - 1
        passed, other, raw = _parts(self.network, weights, context, z, self._passed(z.size), numbers)

        def spline(raw: Array, x: Array) -> tuple[Array, Array]:
            return rational_quadratic(raw, x, self.tail_bound, is_inverse=is_inverse)

        other, log_slopes = jax.vmap(spline, (1, 0))(raw, other)
        return jnp.concatenate([passed, other]), jnp.sum(log_slopes)

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        return self._map(weights, context, z, is_inverse=False)

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        return self._map(weights, context, y, is_inverse=True)
