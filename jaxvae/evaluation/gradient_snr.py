"""The signal-to-noise ratio of gradients, by component: which estimator learns from few draws."""

import math

import jax
import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.model import Model
from jaxvae.objectives import Objective
from jaxvae.observation import number_of
from jaxvae.typing import Array, Key, Params, PyTree

_GRADIENTS_AT_ONCE = 50  # in one vmap
_ROUNDING = 4  # times the dtype's resolution: the spread of equal numbers about their rounded mean


def gradient_draws(objective: Objective, model: Model, params: Params, key: Key, x: Array, repeats: int) -> PyTree:
    """Draws of the gradient of one batch's loss, each with new noise: like `params` with a leading axis `[repeats]`.

    Args:
        objective: its loss and its estimator are used.
        model: the model description.
        params: all parameters; those of the objective, if any, are in `objective`.
        key: for the draws.
        x: examples, `[batch, *data_shape]`.
        repeats: number of draws; all of them are in memory, `repeats` times the parameters.

    Raises:
        UserError: for fewer than two repeats.
    """
    check_range(gradient_draws, at_least=2, repeats=repeats)
    mask, step = jnp.ones(number_of(x), bool), jnp.zeros((), jnp.int32)

    def gradient(index: Array) -> PyTree:
        keys = jax.random.split(jax.random.fold_in(key, index), number_of(x))
        return jax.grad(lambda params: objective.loss(model, params, keys, x, mask, step)[0])(params)

    return jax.lax.map(gradient, jnp.arange(repeats), batch_size=min(repeats, _GRADIENTS_AT_ONCE))


def signal_to_noise(draws: PyTree) -> PyTree:
    """|E[Δ]| / σ[Δ] of each parameter, from draws of its gradient Δ along the first axis.

    NaN if a gradient never changes. The estimate of a ratio of 0 is `noise_floor(repeats)` on average, not 0. Rainforth
    et al. 2018, section 3.

    >>> signal_to_noise(jnp.array([[1.0, -2.0], [3.0, -2.0], [5.0, -2.0]])).tolist()
    [1.5, nan]
    """

    def of(values: Array) -> Array:
        size, spread = jnp.abs(jnp.mean(values, axis=0)), jnp.std(values, axis=0, ddof=1)
        changes = spread > _ROUNDING * jnp.finfo(values.dtype).eps * size
        return jnp.where(changes, size / jnp.where(changes, spread, 1.0), jnp.nan)

    return jax.tree.map(of, draws)


def noise_floor(repeats: int) -> float:
    """The mean estimate of a signal-to-noise ratio that is 0: √(2 / (π repeats)), for gradients close to normal."""
    return math.sqrt(2.0 / (math.pi * repeats))


def gradient_signal_to_noise(
    objective: Objective, model: Model, params: Params, key: Key, x: Array, repeats: int = 1000
) -> dict[str, Array]:
    """The signal-to-noise ratio of the gradient of each component of a model, `[]` each.

    It is the mean over the component's parameters of |E[Δ]| / σ[Δ], without parameters whose gradient never changes
    (weights of pixels that are always 0). For IWAE with K draws it falls as 1/√K for the encoder and rises as √K for
    the decoder (Rainforth et al. 2018, theorem 1). With the doubly reparameterized gradient it rises for both (Tucker
    et al. 2019). The arguments are those of `gradient_draws`.

    Example:
        >>> from jaxvae import VAE, init, networks
        >>> from jaxvae.objectives import IWAE
        >>> model = VAE(data_shape=(4,), latent_dim=2, encoder=networks.MLP(()), decoder=networks.MLP(()))
        >>> params, key = init(model, jax.random.key(0)), jax.random.key(1)
        >>> sorted(gradient_signal_to_noise(IWAE(3), model, params, key, jnp.eye(4), repeats=10))
        ['decoder', 'encoder', 'likelihood']
    """
    ratios = signal_to_noise(gradient_draws(objective, model, params, key, x, repeats))
    return {
        name: jnp.nanmean(jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(component)]))
        for name, component in ratios.items()
        if jax.tree.leaves(component)
    }
