"""The mean of any distribution, ours or foreign."""

from typing import cast

import jax

from jaxvae.distributions.distribution import Distribution, SupportsMean, SupportsSampleAndLogProb
from jaxvae.errors import NoMeanError
from jaxvae.typing import Array


def mean_of(distribution: SupportsSampleAndLogProb) -> Array:
    """The mean of a distribution.

    Raises:
        NoMeanError: if it has none.
    """
    if isinstance(distribution, Distribution) or hasattr(distribution, "mean"):
        return cast(SupportsMean, distribution).mean
    raise NoMeanError(distribution)


def has_mean(distribution: SupportsSampleAndLogProb) -> bool:
    """Whether a distribution has a mean in closed form; it is traced, and nothing is computed.

    Args:
        distribution: a pytree of arrays, or of their shapes alone (`jax.eval_shape`).

    >>> from jaxvae.distributions import Normal
    >>> has_mean(Normal(jax.numpy.zeros(2), jax.numpy.ones(2)))
    True
    """
    try:
        jax.eval_shape(mean_of, distribution)
    except NotImplementedError:
        return False
    return True
