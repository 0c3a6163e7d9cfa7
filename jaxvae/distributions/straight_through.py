"""Discrete draws with the gradient of their relaxation."""

import jax

from jaxvae.distributions.bernoulli import Bernoulli
from jaxvae.distributions.concrete import BinaryConcrete, Concrete
from jaxvae.distributions.distribution import Distribution
from jaxvae.distributions.one_hot import OneHot
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class StraightThrough(Distribution):
    """A discrete distribution whose draws carry the gradient of its relaxation (straight-through).

    z = corner(y),  ∇z := ∇y,  y drawn from `relaxed`;  log p(z) is that of the discrete distribution

    Values are exact, so the ELBO is that of the discrete model. Gradients are biased: a lower temperature gives less
    bias and more variance. Jang, Gu and Poole 2017, section 2.2.

    Args:
        discrete: OneHot or Bernoulli.
        relaxed: Concrete or BinaryConcrete with the same logits.

    Example:
        >>> import jax.numpy as jnp
        >>> logits = jnp.array([0.3, -0.3])
        >>> p = StraightThrough(OneHot(logits, 2), Concrete(logits, 0.5, 2))
        >>> p.sample(jax.random.key(0)).tolist() in ([1.0, 0.0], [0.0, 1.0])
        True
    """

    discrete: OneHot | Bernoulli
    relaxed: Concrete | BinaryConcrete

    @property
    def event_ndim(self) -> int:  # type: ignore[override]
        """That of the discrete distribution."""
        return self.discrete.event_ndim

    @property
    def is_straight_through(self) -> bool:
        """True: the gradient is that of the relaxed draw, and so biased."""
        return True

    @property
    def is_reparameterized(self) -> bool:
        """True: a gradient passes through `sample`. It is biased, and no score term is added to it."""
        return True

    def log_prob(self, value: Array) -> Array:
        """Log-probability of `value` in nats, `[*batch]`."""
        return self.discrete.log_prob(value)

    def sample(self, key: Key) -> Array:
        """A draw of the discrete distribution; the gradient of the relaxed draw passes through it."""
        value = self.relaxed.sample(key)
        corner, relaxed = self.relaxed.corner(jax.lax.stop_gradient(value)), self.relaxed.relaxed(value)
        return corner + (relaxed - jax.lax.stop_gradient(relaxed))  # the bracket is exactly 0

    @property
    def mean(self) -> Array:
        """E[value], of the discrete distribution."""
        return self.discrete.mean

    def enumerate_support(self) -> Array:
        """Every value of the discrete distribution, `[states, *event]`."""
        return self.discrete.enumerate_support()

    def closed_form_entropy(self) -> Array | None:
        """That of the discrete distribution, else None."""
        return self.discrete.closed_form_entropy()

    def closed_form_kl(self, other: object) -> Array | None:
        """That of the discrete distribution, else None."""
        return self.discrete.closed_form_kl(other)
