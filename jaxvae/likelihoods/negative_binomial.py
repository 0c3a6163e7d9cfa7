"""The negative binomial likelihood for counts with more spread than Poisson's."""

import math
from typing import Literal

import jax
import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_choice, check_range
from jaxvae.distributions.transforms import positive
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.poisson import compress, rates_from, smoothed_rates
from jaxvae.likelihoods.support import COUNTS, Support
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

MIN_DISPERSION = 1e-4  # keeps log Γ(dispersion) finite
_FROM_DATA = (1e-2, 1e4)  # [dispersion] limits of what a few examples can show: nearly no mean, nearly Poisson
_GOLDEN, _SECTIONS = 0.5 * (math.sqrt(5.0) - 1.0), 20  # 14 natural units become 0.001
_NUMBERS = 1_000_000  # of the counts that are used: more would add little


def bounded_dispersion(log_dispersion: Array) -> Array:
    """exp(log_dispersion) within 1e-4 and 10,000.

    Above the range the distribution is Poisson's up to 1e-4, and float32 loses differences of log Γ. Without the lower
    limit, counts that are always 0 would move it to 0, where the density has no gradient.

    >>> [f"{value:.4g}" for value in bounded_dispersion(jnp.array([-30.0, 0.0, 30.0]))]
    ['0.0001', '1', '1e+04']
    """
    return jnp.exp(jnp.clip(log_dispersion, math.log(MIN_DISPERSION), math.log(_FROM_DATA[1])))


def best_dispersion(x: Array) -> Array:
    """The dispersion of maximum likelihood in each dimension of `[n, *event]` counts, within 0.01 and 10,000.

    For any dispersion the best rate is the mean. The best dispersion is found by golden sections of its logarithm
    (Kiefer 1953).

    >>> best_dispersion(jnp.array([[0.0, 3.0], [4.0, 3.0], [9.0, 3.0], [1.0, 3.0]])).round(2).tolist()
    [0.8..., 99...]
    """
    examples, rate = x[:: max(x.size // _NUMBERS, 1)], smoothed_rates(x)

    def mean_log_prob(log_dispersion: Array) -> Array:
        """The log-likelihood of each dimension, `[*event]`."""
        by_dimension = distributions.NegativeBinomial(rate, jnp.exp(log_dispersion), event_ndim=0)
        return jnp.mean(by_dimension.log_prob(examples), axis=0)

    def section(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        left, right = (low + share * (high - low) for share in (1.0 - _GOLDEN, _GOLDEN))
        is_left = mean_log_prob(left) > mean_log_prob(right)
        return jnp.where(is_left, low, left), jnp.where(is_left, right, high)

    low, high = (jnp.full_like(rate, math.log(bound)) for bound in _FROM_DATA)
    low, high = jax.lax.fori_loop(0, _SECTIONS, section, (low, high))
    return jnp.clip(jnp.exp(0.5 * (low + high)), *_FROM_DATA)


@dataclass
class NegativeBinomial(Likelihood):
    """Independent counts: p(x|z) = Π_d NegativeBinomial(x_d; rate_d, dispersion_d), x_d in {0, 1, 2, …}.

    variance = rate + rate² / dispersion. As for `Poisson`, rate = exp(offset) · (1e-4 + softplus(decoder(z) + c)) with
    softplus(c) = 1 and a learned offset that starts at the logarithm of the training mean. A dispersion that is not
    fixed starts at the maximum likelihood of the training examples. A decoded one is this number times 1e-4 +
    softplus(raw + c). The encoder sees arsinh x. Lopez et al. 2018 (scVI), methods, without their library size.

    Args:
        dispersion: inverse of the extra spread: a number > 0, `per_dimension` (a learned number for each dimension) or
            `decoded`.

    Raises:
        UserError: for a dispersion that is not above 0, or an unknown name.
    """

    dispersion: float | Literal["per_dimension", "decoded"] = "per_dimension"

    def __post_init__(self) -> None:
        check_range(self, above=0.0, dispersion=self.dispersion)
        check_choice(self, ("per_dimension", "decoded"), dispersion=self.dispersion)

    @property
    def support(self) -> Support:
        """{0, 1, 2, …}."""
        return COUNTS

    @property
    def _dispersion_kind(self) -> str:
        return self.dispersion if isinstance(self.dispersion, str) else "fixed"  # may be a tracer: never compare it

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A number for the rate of each data dimension, and with `decoded` a raw dispersion."""
        return (2, *model.data_shape) if self._dispersion_kind == "decoded" else model.data_shape

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The offset and, if it is not fixed, the logarithm of the dispersion, `data_shape` each."""
        del key
        zeros = jnp.zeros(model.data_shape)
        own = {"offset": zeros if examples is None else jnp.log(smoothed_rates(examples))}
        if self._dispersion_kind == "fixed":
            return own
        return {**own, "log_dispersion": zeros if examples is None else jnp.log(best_dispersion(examples))}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.NegativeBinomial:
        """p(x|z) over `data_shape`."""
        del model
        own = params["likelihood"]
        if not isinstance(self.dispersion, str):
            raw, dispersion = outputs, jnp.asarray(self.dispersion)
        elif self.dispersion == "per_dimension":
            raw, dispersion = outputs, bounded_dispersion(own["log_dispersion"])
        else:
            factor = positive(outputs[1], MIN_DISPERSION)
            raw, dispersion = outputs[0], bounded_dispersion(own["log_dispersion"]) * factor
        return distributions.NegativeBinomial(rates_from(raw, own["offset"]), dispersion)

    def encoder_input(self, model: ModelParts, params: Params, x: Array) -> Array:
        """arsinh x, `data_shape`."""
        del model, params
        return compress(x)
