"""The Kullback-Leibler divergence of any two distributions."""

from typing import Any

from jaxvae.distributions.distribution import sample_and_log_prob
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class KL:
    """KL(q ‖ p) and how it was found.

    Args:
        value: nats, `[*batch]`.
        is_closed_form: True for the exact value, False for a one-sample estimate (unbiased, and it can be negative).
    """

    value: Array
    is_closed_form: bool


def closed_form_kl(q: Any, p: Any) -> Array | None:
    """KL(q ‖ p) in nats, `[*batch]`, if `q` knows a closed form for the pair, else None."""
    method = getattr(q, "closed_form_kl", None)
    return None if method is None else method(p)


def kl_divergence(q: Any, p: Any, key: Key | None = None) -> KL:
    """KL(q ‖ p) = E_q[log q(z) − log p(z)] in nats: closed form if the pair has one, else a one-sample estimate.

    Args:
        q: the distribution of the expectation.
        p: the other; anything with `log_prob(value)`.
        key: for the draw of the estimate; not used if there is a closed form.

    Raises:
        ValueError: if the pair has no closed form and no key was given.

    Example:
        >>> import jax.numpy as jnp
        >>> from jaxvae.distributions import Normal
        >>> kl = kl_divergence(Normal(jnp.ones(3), jnp.ones(3)), Normal(jnp.zeros(3), jnp.ones(3)))
        >>> float(kl.value), kl.is_closed_form
        (1.5, True)
    """
    exact = closed_form_kl(q, p)
    if exact is not None:
        return KL(exact, is_closed_form=True)
    if key is None:
        raise ValueError(
            f"KL({type(q).__name__} ‖ {type(p).__name__}) has no closed form, so it needs a key for a one-sample "
            "estimate: kl_divergence(q, p, key)"
        )
    value, log_q = sample_and_log_prob(key, q)
    return KL(log_q - p.log_prob(value), is_closed_form=False)
