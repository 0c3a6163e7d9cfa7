"""The class or the cluster that a model itself gives to an example."""

from typing import Any

import jax.numpy as jnp

from jaxvae.distributions import Mixture, has_mean, mean_of
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.observation import Example
from jaxvae.typing import Array, Key, Params


def class_probs(model: Model, params: Params, key: Key, x: Example) -> Array:
    """The probability of each class, or of each component of a mixture prior, for ONE example, `[classes]`.

    q(c|x) if z has a class, as that of `ClassAndNormal`; else p(c|z) = π_c p_c(z) / p(z) of a prior that is a mixture,
    at the posterior's mean of z (a draw if it has none). The second is VaDE's q(c|x) (Jiang et al. 2017, equation 16).

    Args:
        model: the model description.
        params: all parameters.
        key: for the draw of z.
        x: one example, `data_shape`, or an `Observation`.

    Raises:
        UserError: if the model has neither.

    Example:
        >>> import jax, jaxvae as jv
        >>> model = jv.VAE((4,), 2, prior=jv.priors.NormalMixture(3))
        >>> params = jv.init(model, jax.random.key(0))
        >>> class_probs(model, params, jax.random.key(1), jnp.ones(4)).shape
        (3,)
    """
    model, x = model.given(x)
    q: Any = model.encode(params, x)
    if hasattr(q, "class_log_probs"):
        return jnp.exp(q.class_log_probs)
    prior = model.prior_given(params, x)
    if not isinstance(prior, Mixture):
        raise UserError(
            "clusters need a model whose z has a class, or whose prior is a mixture: take `prior=NormalMixture()`, or "
            "`posterior=ClassAndNormal()` with `prior=ClassAndNormal(normal='learned')`"
        )
    return prior.responsibilities(mean_of(q) if has_mean(q) else q.sample(key))
