"""Classes by Bayes' rule, from a model of examples given their class."""

import jax
import jax.numpy as jnp

from jaxvae.conditions import Condition, description_of
from jaxvae.errors import UserError
from jaxvae.evaluation.likelihood import log_marginal
from jaxvae.model import Model
from jaxvae.observation import Example, Observation, value_of
from jaxvae.typing import Array, Key, Params


def class_log_probs(
    model: Model, params: Params, key: Key, x: Example, log_prior: Array, num_samples: int = 500
) -> Array:
    """log p(c|x) of ONE example for every class c, nats, `[classes]`.

    p(c|x) = p(x|c) p(c) / Σ_c' p(x|c') p(c'),  log p(x|c) by importance sampling

    A condition that the example already has is not used. Each log p(x|c) is a lower bound in expectation, with the same
    number of draws for every class.

    Args:
        model: a model whose condition is one column of classes.
        params: all parameters.
        key: for the draws, the same noise for every class.
        x: one example, `data_shape`, or an `Observation`: then p(c|x_observed).
        log_prior: log p(c), nats, `[classes]`.
        num_samples: draws for each class [samples].

    Raises:
        UserError: for a condition that is not one column of classes, or a `log_prior` of another number of them.

    Example:
        >>> import jaxvae as jv
        >>> model = jv.VAE((4,), 2, condition=jv.Condition(("categorical:3",)))
        >>> params = jv.init(model, jax.random.key(0))
        >>> found = class_log_probs(model, params, jax.random.key(1), jnp.ones(4), jnp.log(jnp.ones(3) / 3), 10)
        >>> round(float(jnp.sum(jnp.exp(found))), 4)
        1.0
    """
    described = description_of(getattr(model, "condition", None))
    if isinstance(described, Condition) and log_prior.shape != (described.num_classes,):
        raise UserError(
            f"log_prior must have a number for each class of a condition of one column, got shape "
            f"{log_prior.shape} for {', '.join(described.columns)}: give log p(c) of these classes"
        )
    observed = x.observed if isinstance(x, Observation) else None

    def log_joint(c: Array, log_probability: Array) -> Array:
        example = Observation(value_of(x), observed, condition=c)
        return log_probability + log_marginal(model, params, jax.random.clone(key), example, num_samples)

    return jax.nn.log_softmax(jax.vmap(log_joint)(jnp.arange(log_prior.shape[0]).astype(float), log_prior))
