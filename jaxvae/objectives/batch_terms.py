"""Shared parts of objectives with their own loss: the draws of a batch without padding, and the true ELBO as score."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.draw import Draw
from jaxvae.model import Model
from jaxvae.objectives.batch_means import masked_mean, over_examples
from jaxvae.objectives.elbo import elbo, elbo_terms
from jaxvae.objectives.objective import Objective
from jaxvae.objectives.requirements import check_reparameterized
from jaxvae.observation import Example
from jaxvae.typing import Array, Key, Metrics, Params, PyTree


class WithDensity(Objective):
    """An objective with its own loss for a model with a density; validation also reports the true ELBO."""

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """The true ELBO of ONE example and its terms, nats."""
        value, log_likelihood, kl = elbo(model, params, key, x)
        return {"elbo": value, "log_likelihood": log_likelihood, "kl": kl}


def negative_elbo(metrics: Metrics, kl_weight: Array | float = 1.0) -> Array:
    """−E[log p(x|z)] + weight · KL from their means, nats, `[]`: minus the ELBO where the weight is 1."""
    return -metrics["log_likelihood"] + kl_weight * metrics["kl"]


class Batch(NamedTuple):
    """The draws of a batch and the means of their terms."""

    x: Example
    """Examples, padding replaced by an example that counts, each with a leading axis `[batch]`."""
    posteriors: Any
    """q(z|x) of each, a batched distribution."""
    draws: Draw
    """Every field with a leading axis `[batch]`."""
    metrics: Metrics
    """`elbo`, `log_likelihood` and `kl`: the true ELBO and its terms, means over the examples that count."""


def draw_batch(objective: Objective, model: Model, params: Params, keys: Key, x: Example, mask: Array) -> Batch:
    """One draw of each example, with its own key.

    Raises:
        UserError: if the posterior's draws pass no gradient: a term over the batch is not an expectation over each z.
    """
    x = without_padding(x, mask)
    posteriors = encode_batch(objective, model, params, keys, x)
    draws = draws_from(model, params, keys, x, posteriors)
    means = jax.tree.map(lambda values: masked_mean(values, mask), jax.vmap(elbo_terms)(draws))
    return Batch(x, posteriors, draws, {"elbo": means.value, "log_likelihood": means.log_likelihood, "kl": means.kl})


def draws_from(model: Model, params: Params, keys: Key, x: Example, posteriors: Any) -> Draw:
    """One draw of each posterior and its terms, every field with a leading axis `[batch]`."""

    def draw(model: Model, key: Key, x: Array, q: Any) -> Draw:
        return model.draw(params, key, x, posterior=q)

    return over_examples(model, draw)(keys, x, posteriors)


def encoded(model: Model, params: Params, keys: Key, x: Example) -> Any:
    """q(z|x) of each example, a batched distribution."""
    return over_examples(model, lambda model, key, x: model.encode(params, x))(keys, x)


def encode_batch(objective: Objective, model: Model, params: Params, keys: Key, x: Example) -> Any:
    """q(z|x) of each example, a batched distribution.

    Raises:
        UserError: if its draws pass no gradient.
    """
    posteriors = encoded(model, params, keys, x)
    check_reparameterized(objective, model, posteriors)
    return posteriors


def without_padding(values: PyTree, mask: Array) -> PyTree:
    """Replace the members that `mask` leaves out by the first one that it keeps, so that padding cannot make NaN.

    >>> without_padding(jnp.array([jnp.nan, 2.0, 3.0]), jnp.array([False, True, True])).tolist()
    [2.0, 2.0, 3.0]
    """
    first = jnp.argmax(mask)

    def replace(leaf: Array) -> Array:
        return jnp.where(mask.reshape(mask.shape + (1,) * (leaf.ndim - 1)), leaf, leaf[first][None])

    return jax.tree.map(replace, values)


def finished(loss: Array, mask: Array, metrics: Metrics) -> tuple[Array, Metrics]:
    """The loss, 0 for a batch of padding alone, and the metrics with it."""
    loss = jnp.where(jnp.any(mask), loss, 0.0)
    return loss, {"loss": loss, **metrics}
