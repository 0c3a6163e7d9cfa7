"""The entropy of any distribution."""

from typing import Any

from jaxvae.distributions.distribution import sample_and_log_prob
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class Entropy:
    """An entropy and how it was found.

    Args:
        value: nats, `[*batch]`; of a density it can be negative.
        is_closed_form: True for the exact value, False for a one-sample estimate, which is unbiased.
    """

    value: Array
    is_closed_form: bool


def closed_form_entropy(distribution: Any) -> Array | None:
    """E[−log p(z)] in nats, `[*batch]`, if the distribution knows a closed form, else None."""
    method = getattr(distribution, "closed_form_entropy", None)
    return None if method is None else method()


def entropy(distribution: Any, key: Key | None = None) -> Entropy:
    """H(p) = E_p[−log p(z)] in nats: closed form if there is one, else a one-sample estimate.

    Args:
        distribution: p; anything with `sample(key)` and `log_prob(value)`.
        key: for the draw of the estimate; not used if there is a closed form.

    Raises:
        ValueError: if there is no closed form and no key was given.

    Example:
        >>> import jax.numpy as jnp
        >>> from jaxvae.distributions import Bernoulli
        >>> fair = entropy(Bernoulli(jnp.zeros(3)))  # 3 log 2
        >>> float(fair.value), fair.is_closed_form
        (2.079..., True)
    """
    exact = closed_form_entropy(distribution)
    if exact is not None:
        return Entropy(exact, is_closed_form=True)
    if key is None:
        raise ValueError(
            f"the entropy of {type(distribution).__name__} has no closed form, so it needs a key for a one-sample "
            "estimate: entropy(distribution, key)"
        )
    return Entropy(-sample_and_log_prob(key, distribution)[1], is_closed_form=False)
