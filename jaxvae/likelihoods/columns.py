"""The kinds of columns that a table may have: parameters, distribution and encoder input of each."""

import abc
from typing import ClassVar

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.distributions.bernoulli import smoothed_log_odds
from jaxvae.distributions.categorical_codes import ordinal_log_probs
from jaxvae.distributions.transforms import positive
from jaxvae.likelihoods.negative_binomial import best_dispersion, bounded_dispersion
from jaxvae.likelihoods.poisson import compress, rates_from, smoothed_rates
from jaxvae.likelihoods.support import BINARY, COUNTS, POSITIVE, REAL, Support, codes
from jaxvae.likelihoods.units import in_units, read, units_of
from jaxvae.typing import Array, Params

MOST_LOG_MEDIAN = 60.0  # either way: float32 holds exp(±87)
MIN_SCALE = 1e-3  # share of the column's spread: bounds the density of a column with many equal values


class Column(abc.ABC):
    """One kind of column, for ONE column: x is one number, `[]`."""

    support: Support
    num_outputs: int = 1
    """Numbers that the decoder puts out."""
    num_inputs: int = 1
    """Numbers that the encoder sees."""

    @abc.abstractmethod
    def init(self, examples: Array | None) -> Params:
        """Parameters, started from the column's training values `[n]` if there are any."""

    @abc.abstractmethod
    def distribution(self, params: Params, outputs: Array) -> distributions.Distribution:
        """The distribution of one value, from `[num_outputs]` numbers of the decoder."""

    @abc.abstractmethod
    def encoder_input(self, params: Params, x: Array) -> Array:
        """The encoder's input for one value, `[inputs]`."""


class Real(Column):
    """Normal in units of the column's own spread: loc = center + spread · decoder(z), scale = spread · learned."""

    support = REAL

    def init(self, examples: Array | None) -> Params:
        """The raw scale, and the column's center and spread, which are not learned."""
        return {"raw_scale": jnp.zeros(()), **units_of(examples, ())}

    def distribution(self, params: Params, outputs: Array) -> distributions.Normal:
        """Normal."""
        center, spread = read(params)
        return distributions.Normal(center + spread * outputs[0], spread * positive(params["raw_scale"], MIN_SCALE))

    def encoder_input(self, params: Params, x: Array) -> Array:
        """(x − center) / spread."""
        return in_units(params, x)[None]


class Positive(Column):
    """Log-normal, in units of the logarithms' own spread: log x ~ N(center + spread · decoder(z), spread · learned)."""

    support = POSITIVE

    def init(self, examples: Array | None) -> Params:
        """The raw scale, and the logarithms' center and spread, which are not learned."""
        return {"raw_scale": jnp.zeros(()), **units_of(None if examples is None else jnp.log(examples), ())}

    def distribution(self, params: Params, outputs: Array) -> distributions.LogNormal:
        """Log-normal."""
        center, spread = read(params)
        loc = jnp.clip(center + spread * outputs[0], -MOST_LOG_MEDIAN, MOST_LOG_MEDIAN)
        return distributions.LogNormal(loc, spread * positive(params["raw_scale"], MIN_SCALE))

    def encoder_input(self, params: Params, x: Array) -> Array:
        """(log x − center) / spread."""
        return in_units(params, jnp.log(x))[None]


class Count(Column):
    """Negative binomial with a learned dispersion."""

    support = COUNTS

    def init(self, examples: Array | None) -> Params:
        """The offset and the logarithm of the dispersion."""
        if examples is None:
            return {"offset": jnp.zeros(()), "log_dispersion": jnp.zeros(())}
        return {
            "offset": jnp.log(smoothed_rates(examples)),
            "log_dispersion": jnp.log(best_dispersion(examples)),
        }

    def distribution(self, params: Params, outputs: Array) -> distributions.NegativeBinomial:
        """Negative binomial."""
        rate = rates_from(outputs[0], params["offset"])
        return distributions.NegativeBinomial(rate, bounded_dispersion(params["log_dispersion"]))

    def encoder_input(self, params: Params, x: Array) -> Array:
        """arsinh x."""
        del params
        return compress(x)[None]


class Binary(Column):
    """Bernoulli."""

    support = BINARY

    def init(self, examples: Array | None) -> Params:
        """The offset."""
        return {"offset": jnp.zeros(()) if examples is None else smoothed_log_odds(examples)}

    def distribution(self, params: Params, outputs: Array) -> distributions.Bernoulli:
        """Bernoulli."""
        return distributions.Bernoulli(outputs[0] + params["offset"])

    def encoder_input(self, params: Params, x: Array) -> Array:
        """X itself."""
        del params
        return x[None]


class Categorical(Column):
    """One of K classes without order."""

    least: ClassVar[int] = 2

    def __init__(self, num_codes: int) -> None:
        self.num_codes, self.support = num_codes, codes(num_codes, is_nominal=True)
        self.num_outputs = self.num_inputs = num_codes

    def init(self, examples: Array | None) -> Params:
        """An offset for each class."""
        return {"offset": jnp.zeros(self.num_codes) if examples is None else self._log_shares(examples)}

    def distribution(self, params: Params, outputs: Array) -> distributions.CategoricalCodes:
        """Categorical over the codes."""
        return distributions.CategoricalCodes(outputs + params["offset"])

    def encoder_input(self, params: Params, x: Array) -> Array:
        """The code as a one-hot vector, `[K]`; a value between two codes, which data never have, is a mixture."""
        del params
        return jnp.maximum(1.0 - jnp.abs(x - jnp.arange(self.num_codes).astype(x.dtype)), 0.0)

    def _log_shares(self, x: Array) -> Array:
        codes = jnp.arange(self.num_codes).astype(x.dtype)
        count = jnp.sum((x[:, None] == codes[None]).astype(x.dtype), axis=0)
        return jnp.log((count + 1.0) / (x.shape[0] + self.num_codes))


class Ordinal(Categorical):
    """One of K ordered levels: cumulative logits with learned thresholds and a decoded location."""

    def __init__(self, num_codes: int) -> None:
        super().__init__(num_codes)
        self.support = codes(num_codes)
        self.num_outputs = self.num_inputs = 1

    def init(self, examples: Array | None) -> Params:
        """The first threshold and the logarithms of the gaps between the others, `[K − 1]`."""
        counted = jnp.zeros((0,)) if examples is None else examples
        below = jnp.cumsum(jnp.exp(self._log_shares(counted)))[:-1]
        thresholds = jnp.log(below) - jnp.log1p(-below)
        return {"thresholds": jnp.concatenate([thresholds[:1], jnp.log(jnp.diff(thresholds))])}

    def distribution(self, params: Params, outputs: Array) -> distributions.CategoricalCodes:
        """Categorical over the levels."""
        first, log_gaps = params["thresholds"][:1], params["thresholds"][1:]
        thresholds = jnp.concatenate([first, first + jnp.cumsum(jnp.exp(log_gaps))])
        return distributions.CategoricalCodes(ordinal_log_probs(outputs[0], thresholds))

    def encoder_input(self, params: Params, x: Array) -> Array:
        """The level as a number in [0, 1]."""
        del params
        return (x / (self.num_codes - 1))[None]
