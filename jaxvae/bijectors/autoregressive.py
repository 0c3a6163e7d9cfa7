"""Autoregressive maps: each dimension is shifted and scaled by a function of the earlier ones."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxvae.bijectors.affine import bounded_log_scale
from jaxvae.bijectors.bijector import Bijector
from jaxvae.networks import MADE
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params

_ShiftAndLogScale = Callable[[Array], tuple[Array, Array]]


def _conditioner(bijector: "MAF | IAF", weights: Params, context: Array, dim: int) -> _ShiftAndLogScale:
    """z → (shift, log-scale), each `[dim]`, with entry d a function of z_1 … z_{d−1} and the context."""
    made = MADE(dim, 2, context.size, bijector.features, bijector.activation)

    def shift_and_log_scale(z: Array) -> tuple[Array, Array]:
        shift, raw = made.apply(weights, z, context)
        return shift, bounded_log_scale(raw)

    return shift_and_log_scale


def _in_passes(update: Callable[[Array], Array], like: Array) -> Array:
    """The v with v = update(v), where update(v)_d depends on v_1 … v_{d−1}: pass d gives the correct v_d.

    Only v_d is kept from pass d. The later entries have no meaning yet and may grow without bound.
    """

    def one_pass(d: Array, v: Array) -> Array:
        return jnp.where(jnp.arange(like.size) == d, update(v), v)

    return jax.lax.fori_loop(0, like.size, one_pass, jnp.zeros_like(like))


@dataclass
class MAF(Bijector):
    """Masked autoregressive flow: a density in one pass, a sample in D passes. For priors.

    y_d = z_d exp(α_d) + μ_d,  (μ_d, raw_d) = MADE(y_1 … y_{d−1}, context),  α_d = 3 tanh(raw_d / 3)

    Papamakarios, Pavlakou and Murray 2017, section 3.1 (there α is not bounded).

    Args:
        features: widths of the hidden layers of the MADE [units]; `()` makes it linear.
        activation: after each hidden layer, as in `MLP`.

    Raises:
        UserError: for a width below 1 or an unknown activation.
    """

    features: tuple[int, ...] = (64, 64)
    activation: str = "relu"

    def __post_init__(self) -> None:
        MADE(1, features=self.features, activation=self.activation)  # its checks

    def context_size(self, dim: int, context_dim: int) -> int:
        """`context_dim`, the length of what its network sees."""
        del dim
        return context_dim

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """The weights of the MADE."""
        return MADE(dim, 2, context_dim, self.features, self.activation).init(key)

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in D passes."""
        conditioner = _conditioner(self, weights, context, z.size)

        def update(y: Array) -> Array:
            shift, log_scale = conditioner(y)
            return z * jnp.exp(log_scale) + shift

        y = _in_passes(update, z)
        return y, jnp.sum(conditioner(y)[1])

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        shift, log_scale = _conditioner(self, weights, context, y.size)(y)
        return (y - shift) * jnp.exp(-log_scale), -jnp.sum(log_scale)


@dataclass
class IAF(Bijector):
    """Inverse autoregressive flow: a sample in one pass, the density of a given value in D passes. For posteriors.

    y_d = z_d exp(s_d) + m_d,  (m_d, raw_d) = MADE(z_1 … z_{d−1}, context),  s_d = 3 tanh(raw_d / 3)

    Kingma et al. 2016, equation 10. Their gate (equation 14) keeps the scale below 1; here the scale starts at 1.

    Args:
        features: widths of the hidden layers of the MADE [units]; `()` makes it linear.
        activation: after each hidden layer, as in `MLP`.

    Raises:
        UserError: for a width below 1 or an unknown activation.
    """

    features: tuple[int, ...] = (64, 64)
    activation: str = "relu"

    def __post_init__(self) -> None:
        MADE(1, features=self.features, activation=self.activation)  # its checks

    def context_size(self, dim: int, context_dim: int) -> int:
        """`context_dim`, the length of what its network sees."""
        del dim
        return context_dim

    def init(self, key: Key, dim: int, context_dim: int) -> Params:
        """The weights of the MADE."""
        return MADE(dim, 2, context_dim, self.features, self.activation).init(key)

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in one pass."""
        shift, log_scale = _conditioner(self, weights, context, z.size)(z)
        return z * jnp.exp(log_scale) + shift, jnp.sum(log_scale)

    def inverse_and_log_det(self, weights: Params, context: Array, y: Array) -> tuple[Array, Array]:
        """The map and its log-determinant in D passes."""
        conditioner = _conditioner(self, weights, context, y.size)

        def update(z: Array) -> Array:
            shift, log_scale = conditioner(z)
            return (y - shift) * jnp.exp(-log_scale)

        z = _in_passes(update, y)
        return z, -jnp.sum(conditioner(z)[1])
