"""Vectors of a codebook: those nearest to the encoder's outputs."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, align, nan_where
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


def nearest_codes(vectors: Array, codes: Array) -> Array:
    """The index of the code with the least squared distance, the first if several are equal: argmin_k ‖v − e_k‖².

    The squares of differences are computed directly, so a code is always the nearest to itself.

    Args:
        vectors: `[*batch, groups, code_dim]`.
        codes: `[*batch, num_codes, code_dim]`.

    Returns:
        `[*batch, groups]` int32.

    >>> nearest_codes(jnp.array([[0.2], [0.9]]), jnp.array([[1.0], [0.0]])).tolist()
    [1, 0]
    """
    differences = vectors[..., :, None, :] - codes[..., None, :, :]
    return jnp.argmin(jnp.sum(differences**2, axis=-1), axis=-1)


def chosen_codes(indices: Array, codes: Array) -> Array:
    """The codes of that index, `[*batch, groups, code_dim]`, from `[*batch, groups]` and `[*batch, num_codes, …]`."""
    picked, codes = align(indices[..., None], codes)
    return jnp.take_along_axis(codes, picked, axis=-2)


@dataclass
class Quantized(Distribution):
    """All mass on the nearest codes to a vector; the gradient of a draw goes to that vector (straight-through).

    r_1 = z_e,  e_l = the code of level l nearest to r_l,  r_(l+1) = r_l − e_l;  z = [e_1; …; e_L],  ∇ Σ_l e_l := ∇z_e

    log q(z) = 0, and −∞ for every other value. Values are exact, so the ELBO is that of the discrete model; the
    gradient is biased. Each level passes 1/L of it, so their sum passes all of it. van den Oord, Vinyals and
    Kavukcuoglu 2017, equations 1 and 2; with several levels residual quantisation, Zeghidour et al. 2021, algorithm 1.

    Args:
        residuals: r_l, `[*batch, depth, groups, code_dim]`.
        codes: e_l, `[*batch, depth, groups, code_dim]`.
        indices: of the codes in the codebook, `[*batch, depth, groups]` integers.

    Example:
        >>> q = quantize(jnp.array([[0.2, 0.0]]), jnp.array([[[0.0, 0.0], [1.0, 1.0]]]))
        >>> q.mean.tolist(), q.indices.tolist(), float(q.log_prob(q.mean)), float(q.commitment)
        ([0.0, 0.0], [[0]], 0.0, 0.04...)
    """

    residuals: Array
    codes: Array
    indices: Array

    @property
    def event_ndim(self) -> int:  # type: ignore[override]
        """1: all levels are flat in one vector."""
        return 1

    @property
    def is_straight_through(self) -> bool:
        """True: z carries the gradient of the encoder's outputs."""
        return True

    @property
    def is_reparameterized(self) -> bool:
        """True: a gradient passes through `sample`. It is biased, and no score term is added to it."""
        return True

    @property
    def mean(self) -> Array:
        """z itself, `[*batch, depth · groups · code_dim]`."""
        return self.codes.reshape(*self.codes.shape[:-3], -1)

    @property
    def commitment(self) -> Array:
        """‖z_e − sg(Σ_l e_l)‖², from the encoder's outputs to their codes [squared latent units], `[*batch]`."""
        total = jax.lax.stop_gradient(jnp.sum(self.codes, axis=-3))
        return jnp.sum((self.residuals[..., 0, :, :] - total) ** 2, axis=(-2, -1))

    def log_prob(self, value: Array) -> Array:
        """0 for z and −∞ for any other value, `[*batch]`."""
        value, own = align(value, self.mean)
        log_prob = jnp.where(jnp.all(value == own, axis=-1), 0.0, -jnp.inf).astype(self.codes.dtype)
        return nan_where(jnp.any(jnp.isnan(value), axis=-1), log_prob)

    def closed_form_entropy(self) -> Array:
        """0: there is one value."""
        return jnp.zeros(self.codes.shape[:-3], self.codes.dtype)

    def sample(self, key: Key) -> Array:
        """z, always the same; its gradient is that of z_e."""
        del key
        outputs = self.residuals[..., :1, :, :]
        passed = (outputs - jax.lax.stop_gradient(outputs)) / self.codes.shape[-3]  # exactly 0
        return (self.codes + passed).reshape(self.mean.shape)


def quantize(outputs: Array, codebook: Array) -> Quantized:
    """The codes of the outputs for ONE example, level after level.

    Args:
        outputs: z_e, `[groups, code_dim]`.
        codebook: `[depth, num_codes, code_dim]`; no gradient passes to it.
    """
    codebook = jax.lax.stop_gradient(codebook)
    residual, residuals, chosen, indices = outputs, [], [], []
    for codes in codebook:
        index = nearest_codes(jax.lax.stop_gradient(residual), codes)
        residuals.append(residual)
        chosen.append(chosen_codes(index, codes))
        indices.append(index)
        residual = residual - chosen[-1]
    return Quantized(jnp.stack(residuals), jnp.stack(chosen), jnp.stack(indices))
