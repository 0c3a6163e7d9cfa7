"""Logistic distributions rounded to the grey levels of an image, alone and mixed."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxvae.distributions.distribution import Distribution, IndependentTerms, align, check_event, settle, sum_event
from jaxvae.distributions.marginal import Continued
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key


def to_levels(value: Array, num_levels: int) -> Array:
    """The level g in {0, …, num_levels − 1} that is nearest to each x = g / (num_levels − 1), in the dtype of x."""
    return jnp.clip(jnp.round(value * (num_levels - 1)), 0, num_levels - 1)


def _log_mass(value: Array, loc: Array, scale: Array, num_levels: int) -> Array:
    """log P of each level, for arrays of one rank.

    σ(a) − σ(b) = σ(a) σ(−b) (1 − exp(b − a)), where a − b is the width of a level anywhere. So no two nearly equal
    numbers are subtracted. The two end levels leave out the side without a neighbour.
    """
    last = num_levels - 1
    level = to_levels(value, num_levels)
    # neighbours compute their common edge from the same numbers: else their masses would not add up at small scales
    above = (level + 0.5 - loc * last) / (scale * last)
    below = (level - 0.5 - loc * last) / (scale * last)
    log_width = jnp.log(-jnp.expm1(-1.0 / (scale * last)))
    is_first, is_last = level == 0, level == last
    return (
        jnp.where(is_last, 0.0, jax.nn.log_sigmoid(above))
        + jnp.where(is_first, 0.0, jax.nn.log_sigmoid(-below))
        + jnp.where(is_first | is_last, 0.0, log_width)
    )


def _mean(loc: Array, scale: Array, num_levels: int) -> Array:
    """E[x] = Σ_{k ≥ 1} P(g ≥ k) / (num_levels − 1), exactly."""
    last = num_levels - 1
    edges = jnp.arange(1, num_levels).astype(loc.dtype) - 0.5
    edges, loc, scale = align(edges, loc[..., None], scale[..., None])
    return jnp.mean(jax.nn.sigmoid((loc * last - edges) / (scale * last)), axis=-1)


@dataclass
class DiscretizedLogistic(IndependentTerms):
    """Independent components, each a logistic variable rounded to one of `num_levels` levels of [0, 1].

    P(x) = σ((x + δ − loc) / scale) − σ((x − δ − loc) / scale),  δ = ½ / (num_levels − 1), σ the sigmoid,
    Level 0 includes the whole lower tail and the last level the whole upper tail, so the masses sum to 1. Salimans et
    al. 2017, equation 2; computed without a difference, so it needs no floor at any distance.

    Args:
        loc: median before rounding, in units of x, `[*batch, *event]`.
        scale: of the logistic, in units of x, broadcast against `loc`; > 0.
        num_levels: x is g / (num_levels − 1), g in {0, …, num_levels − 1}; other values count as the nearest level.
        event_ndim: number of trailing axes that make one event; by default all of them.

    Example:
        >>> float(DiscretizedLogistic(jnp.array([0.5]), jnp.array(0.1), num_levels=2).log_prob(jnp.ones(1)))  # −log 2
        -0.693...
    """

    loc: Array
    scale: Array
    num_levels: int = 256
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "loc", "scale")

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.loc.shape, self.event_ndim)
        value, loc, scale = align(value, self.loc, self.scale)
        return _log_mass(value, loc, scale, self.num_levels)

    def sample(self, key: Key) -> Array:
        """A draw of levels as x in [0, 1]; no gradient passes through it."""
        noise = jax.random.logistic(key, self.loc.shape, self.loc.dtype)
        return to_levels(self.loc + self.scale * noise, self.num_levels) / (self.num_levels - 1)

    @property
    def mean(self) -> Array:
        """The mean of the rounded variable, by a sum over the levels."""
        return _mean(self.loc, self.scale, self.num_levels)


@dataclass
class DiscretizedLogisticMixture(IndependentTerms):
    """Independent components, each a mixture of K discretised logistics.

    P(x) = Π_d Σ_k softmax(logits_d)_k · DiscretizedLogistic(x_d; locs_dk, scales_dk)

    Salimans et al. 2017, section 2.1.

    Args:
        logits: unnormalised log-weights, `[*batch, *event, K]`.
        locs: medians before rounding, in units of x, broadcast against `logits`.
        scales: in units of x, broadcast likewise; > 0.
        num_levels: x is g / (num_levels − 1), g in {0, …, num_levels − 1}.
        event_ndim: number of axes before that of K that make one event; by default all of them.
    """

    logits: Array
    locs: Array
    scales: Array
    num_levels: int = 256
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "logits", "locs", "scales", parameter_ndim=1)

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob_terms(self, value: Array) -> Array:
        """Log-probability of each component of `value` in nats, `[*batch, *event]`."""
        check_event(value, self.logits.shape[:-1], self.event_ndim)
        value, locs, scales, log_weights = align(
            value[..., None], self.locs, self.scales, jax.nn.log_softmax(self.logits)
        )
        log_masses = _log_mass(value, locs, scales, self.num_levels)
        return jax.nn.logsumexp(log_weights + log_masses, axis=-1)

    def sample(self, key: Key) -> Array:
        """A draw of levels as x in [0, 1], `[*batch, *event]`; no gradient passes through it."""
        weight_key, noise_key = jax.random.split(key)
        chosen = jax.random.categorical(weight_key, self.logits)[..., None]
        loc, scale = (jnp.take_along_axis(array, chosen, axis=-1)[..., 0] for array in (self.locs, self.scales))
        return DiscretizedLogistic(loc, scale, self.num_levels).sample(noise_key)

    @property
    def mean(self) -> Array:
        """The mean of the rounded variable, by a sum over the levels, `[*batch, *event]`."""
        means = _mean(self.locs, self.scales, self.num_levels)
        return jnp.sum(jax.nn.softmax(self.logits) * means, axis=-1)


@dataclass
class DiscretizedLogisticMixtureRGB(Distribution):
    """Colour images: each pixel is a mixture of K products over its channels, each channel given those before it.

    P(r, g, b) = Σ_k softmax(logits)_k · P_k(r) P_k(g | r) P_k(b | r, g) for each pixel, discretised logistics with

    loc_g = locs_g + c₀ (r − ½),  loc_b = locs_b + c₁ (r − ½) + c₂ (g − ½)

    Salimans et al. 2017, equation 3; their data are in [−1, 1], which explains the ½. There is no `mean`, because the
    exact sum over the levels of three channels is too long. Show a sample instead.

    Args:
        logits: unnormalised log-weights, shared by the channels of a pixel, `[*batch, *pixels, K]`.
        locs: medians before rounding, in units of x, `[*batch, *pixels, 3, K]`.
        scales: in units of x, broadcast against `locs`; > 0.
        coefficients: c₀ of green on red, c₁ of blue on red, c₂ of blue on green, `[*batch, *pixels, 3, K]`.
        num_levels: x is g / (num_levels − 1), g in {0, …, num_levels − 1}.
        event_ndim: number of axes of one event, `(*pixels, 3)`; by default all of them.
    """

    logits: Array
    locs: Array
    scales: Array
    coefficients: Array
    num_levels: int = 256
    event_ndim: int = -1

    def __post_init__(self) -> None:
        settle(self, "locs", "scales", "coefficients", parameter_ndim=1)
        shape = (*self.locs.shape[:-2], self.locs.shape[-1])
        logits, _ = align(jnp.asarray(self.logits, self.locs.dtype), jnp.zeros(shape, self.locs.dtype))
        object.__setattr__(self, "logits", jnp.broadcast_to(logits, shape))

    @property
    def is_reparameterized(self) -> bool:
        """False: values are discrete."""
        return False

    def log_prob(self, value: Array) -> Array:
        """Log-probability of `value` in nats, `[*batch]`."""
        return self.marginal_log_prob(value, None)

    def marginal_log_prob(self, value: Array, observed: Array | None) -> Array:
        """log P of the observed entries, nats, `[*batch]`, for pixels whose hidden channels come after the observed.

        Other pixels would have to be summed over: `likelihoods.DiscretizedLogisticMixture` refuses such data.
        """
        log_masses, log_weights = align(self._log_masses(value, observed), jax.nn.log_softmax(self.logits))
        return sum_event(jax.nn.logsumexp(log_weights + log_masses, axis=-1), self.event_ndim - 1)

    def _log_masses(self, value: Array, observed: Array | None) -> Array:
        """log P_k of the observed channels of each pixel, nats, `[*batch, *pixels, K]`."""
        check_event(value, self.locs.shape[:-1], self.event_ndim)
        value, locs, scales, coefficients = align(value[..., None], self.locs, self.scales, self.coefficients)
        red, green, _ = _channels(value - 0.5)
        on_red, blue_on_red, blue_on_green = _channels(coefficients)
        green_shift = on_red * red
        shifts = (jnp.zeros_like(green_shift), green_shift, blue_on_red * red + blue_on_green * green)
        log_masses = _log_mass(value, locs + jnp.stack(shifts, axis=-2), scales, self.num_levels)
        if observed is not None:
            log_masses = jnp.where(align(observed[..., None], log_masses)[0], log_masses, 0.0)
        return jnp.sum(log_masses, axis=-2)

    def sample(self, key: Key) -> Array:
        """A draw of levels as x in [0, 1], `[*batch, *pixels, 3]`: red, then green, then blue."""
        return self._sample(key, self.logits, lambda channel, drawn: drawn)

    def conditional(self, value: Array, observed: Array) -> Continued:
        """The hidden channels given the observed ones, for pixels whose hidden channels come after the observed."""
        return Continued(self, value, observed, self.event_ndim)

    def sample_given(self, key: Key, value: Array, observed: Array) -> Array:
        """A draw of the channels that are not observed: of a component given the observed ones, and given these."""
        log_weights, seen = align(jax.nn.log_softmax(self.logits), self._log_masses(value, observed))

        def held(channel: int, drawn: Array) -> Array:
            return jnp.where(observed[..., channel, None], value[..., channel, None], drawn)

        return self._sample(key, log_weights + seen, held)

    def _sample(self, key: Key, logits: Array, held: Callable[[int, Array], Array]) -> Array:
        """A draw with these weights; `held` gives the value of a channel for the one that was drawn."""
        weight_key, noise_key = jax.random.split(key)
        chosen = jax.random.categorical(weight_key, logits)[..., None, None]
        loc, scale, coefficients = (
            jnp.take_along_axis(array, chosen, axis=-1) for array in (self.locs, self.scales, self.coefficients)
        )
        noise = jax.random.logistic(noise_key, loc.shape, loc.dtype)
        before_red, before_green, before_blue = _channels(loc + scale * noise)
        on_red, blue_on_red, blue_on_green = _channels(coefficients)
        last = self.num_levels - 1
        red = held(0, to_levels(before_red, self.num_levels) / last)
        green = held(1, to_levels(before_green + on_red * (red - 0.5), self.num_levels) / last)
        before_blue = before_blue + blue_on_red * (red - 0.5) + blue_on_green * (green - 0.5)
        return jnp.concatenate([red, green, held(2, to_levels(before_blue, self.num_levels) / last)], axis=-1)


def _channels(array: Array) -> tuple[Array, Array, Array]:
    """Red, green and blue of `[..., 3, K]`, each `[..., K]`."""
    return array[..., 0, :], array[..., 1, :], array[..., 2, :]
