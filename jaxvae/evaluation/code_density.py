"""A density of codes, fitted after training: what an objective without a density is sampled from."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

from jaxvae.checks import check_choice
from jaxvae.distributions import Distribution, MultivariateNormal
from jaxvae.distributions.distribution import align
from jaxvae.errors import UserError
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key

CodeDensity = Literal["normal", "mixture"]
_KINDS = ("normal", "mixture")
_NUM_COMPONENTS = 10  # Ghosh et al. 2020, section 6.1
_RIDGE = 1e-6  # added to variances, relative to the largest: dimensions that no code uses have none


@dataclass
class NormalMixture(Distribution):
    """A mixture of normals with full covariances: p(z) = Σ_k π_k N(z; loc_k, L_k L_kᵀ), for one vector z.

    Args:
        log_weights: log π, `[components]`.
        components: batched over `[components]`.
        event_ndim: 1: the event is a vector.
    """

    log_weights: Array
    components: MultivariateNormal
    event_ndim: int = 1

    def log_prob(self, value: Array) -> Array:
        """Log-density of `value` in nats, `[*batch]`."""
        log_weights, each = align(self.log_weights, self.components.log_prob(value[..., None, :]))
        return logsumexp(log_weights + each, axis=-1)

    def sample(self, key: Key) -> Array:
        """One draw, `[D]`."""
        choice_key, sample_key = jax.random.split(key)
        choice = jax.random.categorical(choice_key, self.log_weights)
        return jax.tree.map(lambda leaf: leaf[choice], self.components).sample(sample_key)


def fit_code_density(codes: Array | np.ndarray, kind: CodeDensity = "normal", *, seed: int = 0) -> Distribution:
    """A density of codes, by maximum likelihood: ex-post density estimation, Ghosh et al. 2020, section 4.

    A further kind (a flow) is one more branch here: from codes to a distribution over one code.

    Args:
        codes: of training examples, `[n, latent_dim]`.
        kind: `normal`, with full covariance, or `mixture`, of 10 of them (or n, if that is less).
        seed: of the start of the mixture's fit.

    Returns:
        A distribution over one code, `[latent_dim]`.

    Raises:
        UserError: for an unknown kind, or fewer than two codes.

    Example:
        >>> codes = jax.random.normal(jax.random.key(0), (50, 3))
        >>> fit_code_density(codes, "mixture").sample(jax.random.key(1)).shape
        (3,)
    """
    check_choice(fit_code_density, _KINDS, kind=kind)
    values = np.asarray(codes, np.float64)
    if values.ndim != 2 or len(values) < 2:
        raise UserError(f"a density of codes needs two codes or more, [n, latent_dim], got shape {values.shape}")
    ridge = max(_RIDGE * float(values.var(axis=0).max()), float(np.finfo(np.float32).tiny))
    if kind == "normal":
        covariance = np.cov(values, rowvar=False, bias=True).reshape(values.shape[1], values.shape[1])
        factor = np.linalg.cholesky(covariance + ridge * np.eye(len(covariance)))
        return MultivariateNormal(jnp.asarray(values.mean(axis=0), float), jnp.asarray(factor, float))
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(min(_NUM_COMPONENTS, len(values)), reg_covar=ridge, random_state=seed).fit(values)
    factors = np.linalg.cholesky(np.asarray(fitted.covariances_))
    components = MultivariateNormal(jnp.asarray(fitted.means_, float), jnp.asarray(factors, float))
    return NormalMixture(jnp.log(jnp.asarray(fitted.weights_, float)), components)
