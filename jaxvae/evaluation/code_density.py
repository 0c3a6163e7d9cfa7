"""A density of codes, fitted after training, to sample from an objective without a density."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxvae.bijectors import MAF, Repeat
from jaxvae.checks import check_choice
from jaxvae.distributions import Distribution, Mixture, MultivariateNormal, Normal, Transformed
from jaxvae.errors import UserError
from jaxvae.typing import Array, Params, PyTree

CodeDensity = Literal["normal", "mixture", "flow"]
_KINDS = ("normal", "mixture", "flow")
_NUM_COMPONENTS = 10  # Ghosh et al. 2020, section 6.1
_RIDGE = 1e-6  # added to variances, relative to the largest: unused dimensions have none
_FLOW_LAYERS, _FLOW_FEATURES = 5, (64, 64)  # as many layers as in Papamakarios et al. 2017, section 4.2
_FLOW_STEPS, _FLOW_BATCH, _FLOW_LEARNING_RATE = 2000, 256, 3e-3


def fit_code_density(codes: Array | np.ndarray, kind: CodeDensity = "normal", *, seed: int = 0) -> Distribution:
    """A density of codes by maximum likelihood: ex-post density estimation, Ghosh et al. 2020, section 4.

    Args:
        codes: of training examples, `[n, latent_dim]`.
        kind: `normal`: with full covariance. `mixture`: of 10 such normals (or n, if that is less). `flow`: five masked
            autoregressive layers (Papamakarios et al. 2017), fitted by 2,000 steps of Adam.
        seed: of the start of the mixture's or flow's fit, and of the flow's batches.

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
    if kind == "flow":
        return _fit_flow(values, ridge, seed)
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(min(_NUM_COMPONENTS, len(values)), reg_covar=ridge, random_state=seed).fit(values)
    factors = np.linalg.cholesky(np.asarray(fitted.covariances_))
    components = MultivariateNormal(jnp.asarray(fitted.means_, float), jnp.asarray(factors, float))
    return Mixture(jnp.log(jnp.asarray(fitted.weights_, float)), components)


def _fit_flow(values: np.ndarray, ridge: float, seed: int) -> Transformed:
    """Masked autoregressive layers on a normal with the codes' means and variances, the start of the fit."""
    codes = jnp.asarray(values, float)
    base = Normal(jnp.mean(codes, axis=0), jnp.sqrt(jnp.var(codes, axis=0) + ridge))
    flow = Repeat(MAF(_FLOW_FEATURES), _FLOW_LAYERS)
    init_key, key = jax.random.split(jax.random.key(seed))
    optimizer = optax.adam(optax.cosine_decay_schedule(_FLOW_LEARNING_RATE, _FLOW_STEPS))

    def density(weights: Params) -> Transformed:
        return Transformed(base, flow, {"weights": weights, "context": jnp.zeros(0)})

    def step(carry: tuple[Params, PyTree], index: Array) -> tuple[tuple[Params, PyTree], None]:
        weights, state = carry
        rows = jax.random.choice(jax.random.fold_in(key, index), len(values), (min(_FLOW_BATCH, len(values)),))
        gradient = jax.grad(lambda weights: -jnp.mean(jax.vmap(density(weights).log_prob)(codes[rows])))(weights)
        with jax.numpy_dtype_promotion("standard"):  # Optax raises decays to integer counts
            update, state = optimizer.update(gradient, state)
        return (jax.tree.map(jnp.add, weights, update), state), None

    @jax.jit
    def fit(weights: Params) -> Params:
        return jax.lax.scan(step, (weights, optimizer.init(weights)), jnp.arange(_FLOW_STEPS))[0][0]

    return density(fit(flow.init(init_key, values.shape[1], 0)))
