"""The maximum mean discrepancy between two samples, and the kernels it is measured with."""

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.typing import Array

KernelKind = Literal["rbf", "inverse_multiquadratic", "laplace"]
Bandwidth = float | Literal["dimension", "median"]
_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # Tolstikhin et al. 2018, their published code


def _laplace(squares: Array, width: Array) -> Array:
    is_zero = squares == 0.0  # a root has no gradient there
    return jnp.where(is_zero, 1.0, jnp.exp(-jnp.sqrt(jnp.where(is_zero, 1.0, squares)) / width))


def _inverse_multiquadratic(squares: Array, width: Array) -> Array:
    scales = [2.0 * width**2 * scale for scale in _SCALES]
    return jnp.stack([scale / (scale + squares) for scale in scales]).sum(axis=0)


KERNELS: dict[str, Callable[[Array, Array], Array]] = {
    "rbf": lambda squares, width: jnp.exp(-squares / (2.0 * width**2)),
    "inverse_multiquadratic": _inverse_multiquadratic,
    "laplace": _laplace,
}
"""Name → k as a function of ‖x − y‖² and of the bandwidth h."""


def squared_distances(x: Array, y: Array) -> Array:
    """‖x_i − y_j‖²: `[n, D]` and `[m, D]` to `[n, m]`."""
    return jnp.sum((x[:, None, :] - y[None, :, :]) ** 2, axis=-1)


def median_distance(x: Array, y: Array, mask: Array) -> Array:
    """The median of ‖x_i − y_j‖ over the members that count (1 of none), a constant, `[]`.

    Gretton et al. 2012, section 8.
    """
    counted = mask[:, None] & mask[None, :]
    distances = jax.lax.stop_gradient(jnp.sqrt(squared_distances(x, y)))
    return jnp.nan_to_num(jnp.nanmedian(jnp.where(counted, distances, jnp.nan)), nan=1.0)


def unbiased_mmd(
    within_x: Array | np.ndarray, within_y: Array | np.ndarray, between: Array | np.ndarray, count: Array | int
) -> Array | np.ndarray:
    """MMD² from the kernels of two samples of one size, without the terms of a member with itself, `[]`.

    1/(n(n−1)) Σ_{i≠j} [k(x_i, x_j) + k(y_i, y_j)] − 2/n² Σ_ij k(x_i, y_j)

    Gretton et al. 2012, equation 3. NumPy arrays keep their precision, which JAX would lower.

    Args:
        within_x: k(x_i, x_j), `[n, n]`, 0 if i or j does not count; likewise below.
        within_y: k(y_i, y_j).
        between: k(x_i, y_j).
        count: members that count, at least 2.

    Example:
        >>> kernel = np.array([[4.0, 1.0], [1.0, 4.0]])
        >>> float(unbiased_mmd(kernel, kernel, 2.0 * np.ones((2, 2)), 2))  # 1 + 1 − 2 · 2
        -2.0
    """
    within = within_x.sum() - within_x.trace() + within_y.sum() - within_y.trace()
    return within / (count * (count - 1)) - 2.0 * between.sum() / count**2


def mmd(x: Array, y: Array, mask: Array, kernel: KernelKind = "rbf", bandwidth: Bandwidth = "dimension") -> Array:
    """An unbiased estimate of the squared maximum mean discrepancy between the distributions of x and y, `[]`.

    MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y)

    estimated by `unbiased_mmd`. If the two are equal, its mean is 0, and it is below 0 half of the time. The kernels,
    with bandwidth h:

    - rbf: exp(−‖x − y‖² / 2h²)
    - inverse_multiquadratic: Σ_s C_s / (C_s + ‖x − y‖²), C_s = 2h² s, s = 0.1, 0.2, 0.5, 1, 2, 5, 10 (Tolstikhin et al.
      2018, section 4: with h = √D it is theirs)
    - laplace: exp(−‖x − y‖ / h)

    Args:
        x: `[n, D]`.
        y: the same number of members, independent of x, `[n, D]`.
        mask: which members of both count, `[n]` bool; for fewer than two the estimate is 0.
        kernel: rbf, inverse_multiquadratic or laplace.
        bandwidth: h [units of x]; `dimension` is √D, which suits standard normal y; `median` is the median of ‖x_i −
            y_j‖.

    Example:
        >>> x, y = jnp.array([[0.0], [1.0]]), jnp.array([[0.0], [1.0]])
        >>> float(mmd(x, y, jnp.ones(2, bool)))  # 2 exp(−½) − (1 + exp(−½))
        -0.393...
    """
    if isinstance(bandwidth, str):
        width = jnp.sqrt(jnp.asarray(x.shape[-1], x.dtype)) if bandwidth == "dimension" else median_distance(x, y, mask)
    else:
        width = jnp.asarray(bandwidth, x.dtype)
    both = (mask[:, None] & mask[None, :]).astype(x.dtype)
    count = jnp.sum(mask).astype(x.dtype)
    kernels = (both * KERNELS[kernel](squared_distances(*pair), width) for pair in ((x, x), (y, y), (x, y)))
    return jnp.where(count > 1.0, unbiased_mmd(*kernels, count=jnp.maximum(count, 2.0)), 0.0)
