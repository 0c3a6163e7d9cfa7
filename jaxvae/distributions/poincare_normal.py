"""The wrapped normal distribution on the Poincaré ball."""

import math

import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, align, check_event
from jaxvae.distributions.poincare import asinh_ratio, exp_map, gap, log_map, sinh_square, to_rim
from jaxvae.fast import standard_normal
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class PoincareNormal(Distribution):
    """A normal vector v, followed as a geodesic from `loc`: x = exp_loc(v), v ~ N(0, diag(scale²)), c‖x‖² < 1.

    log p(x) = log N(v; 0, scale) + (d − 1) log[√c‖v‖ / sinh(√c‖v‖)] + d log λ(x),  λ(x) = 2 / (1 − c‖x‖²)

    Here v = log_loc(x), and ‖v‖ is the distance from `loc`. It is a density by volume of the coordinates (Lebesgue).
    Without d log λ(x) it is a density by Riemannian volume; ratios of two densities on one ball are the same. As c → 0
    distances tend to 2‖x − loc‖, so the distribution tends to N(loc, scale / 2). Points within 1e-5 radii of the rim,
    and beyond, count as on it. Nagano et al. 2019, algorithm 1; Mathieu et al. 2019, section 3.1.

    Args:
        loc: centre, `[*batch, d]`.
        scale: standard deviation of v [hyperbolic distance], broadcast against `loc`; > 0.
        curvature: c > 0, `[*batch]`: the ball has radius 1/√c and curvature −c.
        event_ndim: 1: the event is a vector.

    Example:
        >>> p = PoincareNormal(jnp.zeros(2), jnp.ones(2), jnp.array(1.0))
        >>> float(p.log_prob(jnp.zeros(2)))  # −log 2π + 2 log 2
        -0.451...
    """

    loc: Array
    scale: Array
    curvature: Array
    event_ndim: int = 1

    def __post_init__(self) -> None:
        dtype = jnp.asarray(self.loc).dtype
        parts = align(self.loc, jnp.asarray(self.scale, dtype), jnp.asarray(self.curvature, dtype)[..., None])
        shape = jnp.broadcast_shapes(*(part.shape for part in parts))
        object.__setattr__(self, "curvature", jnp.broadcast_to(parts[2][..., 0], shape[:-1]))
        object.__setattr__(self, "scale", jnp.broadcast_to(parts[1], shape))
        object.__setattr__(self, "loc", to_rim(jnp.broadcast_to(parts[0], shape), self.curvature[..., None]))

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats per unit of coordinate volume, `[*batch]`."""
        check_event(value, self.loc.shape, 1)
        value, loc, scale, c = align(value, self.loc, self.scale, self.curvature[..., None])
        value = to_rim(value, c)
        dim = value.shape[-1]
        square = sinh_square(loc, value, c)[..., 0]
        # √c‖v‖ = 2 asinh √s, and sinh of the double is 2 √s √(1 + s)
        log_volume = (dim - 1) * (jnp.log(asinh_ratio(square)) - 0.5 * jnp.log1p(square))
        log_factor = dim * (math.log(2.0) - jnp.log(gap(value, c)[..., 0]))
        log_normal = -0.5 * (log_map(loc, value, c) / scale) ** 2 - jnp.log(scale) - 0.5 * math.log(2.0 * math.pi)
        return jnp.sum(log_normal, axis=-1) + log_volume + log_factor

    def sample(self, key: Key) -> Array:
        """Reparameterized draw exp_loc(scale · ε), ε ~ N(0, 1); gradients pass through it."""
        noise = standard_normal(key, self.loc.shape, self.loc.dtype)
        return exp_map(self.loc, self.scale * noise, self.curvature[..., None])

    @property
    def mean(self) -> Array:
        """The Fréchet mean, `loc`: the point of least expected squared distance, where the mean of v is 0."""
        return self.loc
