"""Student's t distribution with independent components."""

import jax
import jax.numpy as jnp

from jaxvae.distributions.counting import log_gamma_half_ratio
from jaxvae.distributions.distribution import IndependentTerms, align, check_event, settle
from jaxvae.fast import standard_normal
from jaxvae.numerics import HALF_LOG_2PI
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class StudentT(IndependentTerms):
    """Independent components of Student's t distribution: a normal whose precision is gamma-distributed.

    log p(x) = −Σ_d [ ½ (df_d + 1) log(1 + y_d² / df_d) + log B(½, ½ df_d) + ½ log df_d + log scale_d ],
    y = (x − loc) / scale, B the beta function

    Args:
        df: degrees of freedom, `[*batch, *event]`; > 0. 1 is Cauchy's distribution; for large df it is nearly the
            normal.
        loc: median, and mean where df > 1; broadcast against `df`.
        scale: broadcast likewise; > 0. The standard deviation is scale √(df / (df − 2)) where df > 2.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(StudentT(jnp.ones(2), jnp.array(0.0), jnp.array(1.0)).log_prob(jnp.zeros(2)))  # −2 log π
        -2.289...
    """

    df: Array
    loc: Array
    scale: Array
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "df", "loc", "scale")

    def log_prob_terms(self, value: Array) -> Array:
        """Log-density of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.loc.shape, self.event_ndim)
        value, df, loc, scale = align(value, self.df, self.loc, self.scale)
        y = (value - loc) / scale
        # log B(½, ½ df) + ½ log df, where the logarithms of df cancel
        log_normaliser = HALF_LOG_2PI - log_gamma_half_ratio(0.5 * df) + jnp.log(scale)
        return -0.5 * (df + 1.0) * jnp.log1p(y**2 / df) - log_normaliser

    def sample(self, key: Key) -> Array:
        """Reparameterized draw loc + scale · ε √(½ df / γ), ε ~ N(0, 1), γ ~ Gamma(½ df).

        Gradients pass through it; for df implicitly through γ. Figurnov, Mohamed and Mnih 2018.
        """
        normal_key, gamma_key = jax.random.split(key)
        normal = standard_normal(normal_key, self.loc.shape, self.loc.dtype)
        log_gamma = jax.random.loggamma(gamma_key, 0.5 * self.df, self.df.shape, self.df.dtype)
        return self.loc + self.scale * normal * jnp.exp(0.5 * (jnp.log(0.5 * self.df) - log_gamma))

    def entropy_terms(self) -> Array:
        """½ (df_d + 1) (ψ(½ df_d + ½) − ψ(½ df_d)) + log B(½, ½ df_d) + ½ log df_d + log scale_d."""
        half = 0.5 * self.df
        ratio, slope = jax.jvp(log_gamma_half_ratio, (half,), (jnp.ones_like(half),))
        digammas = slope + 1.0 / self.df  # ψ(½ df + ½) − ψ(½ df)
        return (half + 0.5) * digammas + HALF_LOG_2PI - ratio + jnp.log(self.scale)

    @property
    def mean(self) -> Array:
        """The mean, `loc`; NaN for df ≤ 1, where there is none."""
        return jnp.where(self.df > 1.0, self.loc, jnp.nan)
