"""What a distribution is, and the shape rules by which it works under `vmap` and on a batch."""

import abc
import dataclasses
from typing import Protocol, Self, runtime_checkable

import jax
import jax.numpy as jnp

from jaxvae.errors import NoMeanError
from jaxvae.typing import Array, Key, Shape


@runtime_checkable
class SupportsSampleAndLogProb(Protocol):
    """All that the library needs from a foreign distribution, if it is a pytree (numpyro's are)."""

    def sample(self, key: Key) -> Array:
        """One draw from the distribution."""
        ...

    def log_prob(self, value: Array) -> Array:
        """The log-density of `value` in nats."""
        ...


@runtime_checkable
class SupportsMean(SupportsSampleAndLogProb, Protocol):
    """What `jaxvae.encode` and `jaxvae.decode` return: a distribution that is asked for its mean, too."""

    @property
    def mean(self) -> Array:
        """E[value]; raises `NoMeanError` where the family has none."""
        ...


class Distribution(abc.ABC):
    """A distribution over one event, as a pytree of arrays that never stores a batch shape.

    The last `event_ndim` axes of its arrays are the event; all axes before them are the batch, read at use. The same
    object therefore works for one example, inside `jax.vmap`, and after it directly on a batch.
    """

    event_ndim: int

    @property
    def has_independent_components(self) -> bool:
        """Whether `log_prob` is a sum over components; with `event_ndim=0` it then gives the term of each."""
        return False

    def by_dimension(self) -> "Distribution":
        """The same distribution with one event a component; only called if the components are independent."""
        return dataclasses.replace(self, event_ndim=0)  # type: ignore[type-var]

    @property
    def is_reparameterized(self) -> bool:
        """Whether gradients pass through `sample` to the parameters, without bias."""
        return True

    @property
    def is_straight_through(self) -> bool:
        """Whether the gradient through `sample` is that of another, relaxed draw, and so biased."""
        return False

    @abc.abstractmethod
    def log_prob(self, value: Array) -> Array:
        """log p(value) in nats, `[*batch]`: summed over the last `event_ndim` axes."""

    @abc.abstractmethod
    def sample(self, key: Key) -> Array:
        """One draw for each member of the batch, `[*batch, *event]`, with noise independent across the batch."""

    def score_term(self, value: Array) -> Array:
        """log p(value) as a function of the parameters to which `sample` passes no gradient, `[*batch]`.

        By default these are all parameters. Only called if `is_reparameterized` is False.
        """
        return self.log_prob(jax.lax.stop_gradient(value))

    @property
    def mean(self) -> Array:
        """E[value], `[*batch, *event]`."""
        raise NoMeanError(self)

    def closed_form_kl(self, other: object) -> Array | None:
        """KL(self ‖ other) in nats, `[*batch]`, if the pair has a closed form, else None."""
        del other
        return None

    def closed_form_entropy(self) -> Array | None:
        """E[−log p(value)] in nats, `[*batch]`, if there is a closed form, else None. For a density it can be < 0."""
        return None


class SumOfTerms(Distribution):
    """A distribution whose log-density is a sum of one term for each component of its event.

    log p(x) = Σ_d t_d(x)

    A term may depend on other components, as in an autoregressive density. If no term does, derive from
    `IndependentTerms`.
    """

    @abc.abstractmethod
    def log_prob_terms(self, value: Array) -> Array:
        """The terms t_d(value) in nats, `[*batch, *event]`."""

    def log_prob(self, value: Array) -> Array:
        """log p(value) in nats, `[*batch]`: the sum of the terms."""
        return sum_event(self.log_prob_terms(value), self.event_ndim)


class IndependentTerms(SumOfTerms):
    """A sum of terms whose components are independent: log p(x) = Σ_d log p_d(x_d)."""

    @property
    def has_independent_components(self) -> bool:
        """True: the terms are those of independent components."""
        return True

    def marginal_log_prob(self, value: Array, observed: Array) -> Array:
        """log p of the observed entries, nats, `[*batch]`: the sum of their terms."""
        terms, observed = align(self.log_prob_terms(value), observed)
        return sum_event(jnp.where(observed, terms, 0.0), self.event_ndim)

    def conditional(self, value: Array, observed: Array) -> Self:
        """The hidden entries given the observed ones: the same, as components are independent."""
        del value, observed
        return self

    def entropy_terms(self) -> Array | None:
        """E[−log p_d(x_d)] of each component in nats, `[*batch, *event]`, if there is a closed form, else None."""
        return None

    def closed_form_entropy(self) -> Array | None:
        """The sum of the terms in nats, `[*batch]`, else None."""
        terms = self.entropy_terms()
        return None if terms is None else sum_event(terms, self.event_ndim)


def per_dimension(distribution: object) -> Distribution | None:
    """The same distribution with one event a dimension, if its dimensions are independent, else None.

    Its `log_prob` and closed-form KL are then those of each dimension, `[..., dimension]`.
    """
    if not isinstance(distribution, Distribution) or not distribution.has_independent_components:
        return None
    return distribution.by_dimension()


def sample_and_log_prob(key: Key, distribution: SupportsSampleAndLogProb) -> tuple[Array, Array]:
    """One draw and its log-density, by the distribution's own joint method if it has one (flows do)."""
    joint = getattr(distribution, "sample_and_log_prob", None)
    if joint is not None:
        return joint(key)
    value = distribution.sample(key)
    return value, distribution.log_prob(value)


def is_reparameterized(distribution: SupportsSampleAndLogProb) -> bool:
    """Whether gradients pass through its samples; for a foreign distribution `has_rsample`, by default True."""
    ours = getattr(distribution, "is_reparameterized", None)
    return bool(getattr(distribution, "has_rsample", True) if ours is None else ours)


def is_straight_through(distribution: object) -> bool:
    """Whether the gradient through its samples is that of another draw; never for a foreign distribution."""
    return bool(getattr(distribution, "is_straight_through", False))


def score_term(distribution: SupportsSampleAndLogProb, value: Array) -> Array:
    """The score-function term of a draw that is not reparameterized, by the distribution's own method if it has one."""
    own = getattr(distribution, "score_term", None)
    return distribution.log_prob(jax.lax.stop_gradient(value)) if own is None else own(value)


def align(*arrays: Array | float) -> tuple[Array, ...]:
    """Give all arrays one rank by leading axes of size 1, so that a batch meets an un-batched parameter."""
    ndim = max(jnp.ndim(array) for array in arrays)
    return tuple(jnp.reshape(array, (1,) * (ndim - jnp.ndim(array)) + jnp.shape(array)) for array in arrays)


def settle(distribution: Distribution, *names: str, parameter_ndim: int = 0) -> None:
    """Give the named parameters one shape and one floating dtype, and resolve an `event_ndim` below 0 to all axes.

    Called by `__post_init__`. Without the broadcast, a parameter shared by all dimensions would leave `vmap` with its
    batch axis in the place of an event axis. `parameter_ndim` counts the trailing axes that belong to one component
    (the classes of a categorical).
    """
    values = [getattr(distribution, name) for name in names]
    dtype = jnp.result_type(*values)
    dtype = dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.result_type(float)
    settled = jnp.broadcast_arrays(*align(*(jnp.asarray(value, dtype) for value in values)))
    for name, value in zip(names, settled, strict=True):
        object.__setattr__(distribution, name, value)
    if distribution.event_ndim < 0:
        object.__setattr__(distribution, "event_ndim", settled[0].ndim - parameter_ndim)


def check_event(value: Array, shape: Shape, event_ndim: int) -> None:
    """Check that the last axes of a value are one event; otherwise broadcasting would score another value.

    Raises:
        ValueError: with the expected and the given shape.
    """
    event = shape[len(shape) - event_ndim :]
    given = jnp.shape(value)
    if given[len(given) - event_ndim :] != event or len(given) < event_ndim:
        raise ValueError(f"a value must end in the event's axes {event}, got shape {given}")


def nan_where(is_nan: Array, log_probs: Array) -> Array:
    """Log-probabilities, with NaN for every NaN of the value, which as an integer would pass for a class."""
    is_nan, log_probs = align(is_nan, log_probs)
    return jnp.where(is_nan, jnp.nan, log_probs)


def sum_event(values: Array, event_ndim: int) -> Array:
    """Sum over the last `event_ndim` axes."""
    return jnp.sum(values, axis=tuple(range(-event_ndim, 0)))
