"""Levels of latents in one flat vector: the first, and the rest given the first."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import (
    Distribution,
    is_reparameterized,
    sample_and_log_prob,
    score_term,
)
from jaxvae.distributions.kl import closed_form_kl
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


@dataclass
class Hierarchy(Distribution):
    """Two levels of ONE vector: p(z) = p(z_first) p(z_rest | z_first).

    Over a batch use `vmap`.

    Args:
        first: over the first `split` dimensions.
        link: from z_first to the distribution of the others; a callable pytree, such as `Classwise`.
        split: the number of dimensions of the first level.
        event_ndim: 1: the event is a vector.

    Example:
        >>> from jaxvae.distributions import Normal, OneHot
        >>> of_class = Classwise(Normal(jnp.array([[0.0], [5.0]]), jnp.ones((2, 1)), event_ndim=1))
        >>> p = Hierarchy(OneHot(jnp.zeros(2), 2), of_class, split=2)
        >>> float(p.log_prob(jnp.array([0.0, 1.0, 5.0])))  # log ½ − ½ log 2π
        -1.612...
    """

    first: Any
    link: Any
    split: int
    event_ndim: int = 1

    @property
    def is_reparameterized(self) -> bool:
        """Whether the first level is; the score function needs to weigh that level alone."""
        return is_reparameterized(self.first)

    def log_prob(self, value: Array) -> Array:
        """log p(z), nats, `[]`."""
        first, rest = value[: self.split], value[self.split :]
        return self.first.log_prob(first) + self.link(first).log_prob(rest)

    def sample(self, key: Key) -> Array:
        """The first level, then the others given it."""
        return self.sample_and_log_prob(key)[0]

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """A draw and its log-density."""
        first_key, rest_key = jax.random.split(key)
        first, log_first = sample_and_log_prob(first_key, self.first)
        rest, log_rest = sample_and_log_prob(rest_key, self.link(first))
        return jnp.concatenate([first, rest]), log_first + log_rest

    def score_term(self, value: Array) -> Array:
        """That of the first level: gradients pass through the draws of the others."""
        return score_term(self.first, value[: self.split])

    def enumerate_states(self, key: Key) -> tuple[Array, Array]:
        """Every value of the first level, each with a draw of the others, and log p(z_first).

        Returns:
            `[states, D]` and nats, `[states]`: Σ_s p_s f(z_s) is an estimate of E[f(z)], exact in the first level.

        Raises:
            UserError: if the first level has more than 65,536 values.
        """
        firsts = self.first.enumerate_support()
        keys = jax.random.split(key, firsts.shape[0])
        rests = jax.vmap(lambda key, first: self.link(first).sample(key))(keys, firsts)
        return jnp.concatenate([firsts, rests], axis=-1), jax.vmap(self.first.log_prob)(firsts)

    @property
    def mean(self) -> Array:
        """E[z], with an exact sum over the first level."""
        firsts = self.first.enumerate_support()
        shares = jnp.exp(jax.vmap(self.first.log_prob)(firsts))
        rests = jax.vmap(lambda first: self.link(first).mean)(firsts)
        return jnp.concatenate([shares @ firsts, shares @ rests])

    def closed_form_kl(self, other: object) -> Array | None:
        """KL(first ‖ first') + E_first[KL(rest ‖ rest')], an exact sum over a discrete first level, else None."""
        if type(other) is not Hierarchy or other.split != self.split or not hasattr(self.first, "enumerate_support"):
            return None
        of_first = closed_form_kl(self.first, other.first)
        firsts = self.first.enumerate_support()

        def of_rest(first: Array) -> Array | None:
            return closed_form_kl(self.link(first), other.link(first))

        if of_first is None or jax.eval_shape(of_rest, firsts[0]) is None:
            return None
        shares = jnp.exp(jax.vmap(self.first.log_prob)(firsts))
        of_rests: Any = jax.vmap(of_rest)(firsts)
        return of_first + jnp.sum(shares * of_rests)

    def with_class(self, label: Array) -> "Hierarchy":
        """The same with the class of the first level known; see `OneHot.with_class`."""
        return Hierarchy(self.first.with_class(label), self.link, self.split, self.event_ndim)

    @property
    def class_log_probs(self) -> Array:
        """log p of each class of the first level, nats, `[classes]`."""
        return self.first.class_log_probs


@dataclass
class Classwise:
    """One distribution for each of K classes, chosen by a one-hot vector.

    Args:
        distributions: the K distributions; all arrays `[K, …]`.
    """

    distributions: Any

    def __call__(self, one_hot: Array) -> Any:
        """The distribution of the class."""

        def of_class(leaf: Array) -> Array:
            shares = one_hot.reshape(-1, *(1,) * (leaf.ndim - 1))
            return jnp.sum(jnp.where(shares == 0.0, jnp.zeros_like(leaf), shares * leaf), axis=0)

        return jax.tree.map(of_class, self.distributions)


@dataclass
class NetworkLink:
    """The distribution that a network puts out for the first level, with what is known of an example beside it.

    Args:
        network: from the features and the first level to the parameters of the family.
        weights: of the network.
        features: what the first encoder said of the example, `[features]`.
        family: makes a distribution of the network's output, `[2, D]`.
        dim: D, the number of the other dimensions.
    """

    network: Any
    weights: Any
    features: Array
    family: Any
    dim: int

    def __call__(self, first: Array) -> Any:
        """The distribution of the others."""
        shown = jnp.concatenate([self.features, first])
        return self.family(self.network.apply(self.weights, shown, (2, self.dim)))
