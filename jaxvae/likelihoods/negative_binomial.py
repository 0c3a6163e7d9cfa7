"""The negative binomial likelihood for counts with more spread than Poisson's."""

from typing import TYPE_CHECKING, Literal

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_choice, check_range
from jaxvae.distributions.transforms import positive
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.poisson import compress, rates_from, smoothed_rates
from jaxvae.likelihoods.support import COUNTS, Support
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE

MIN_DISPERSION = 1e-4  # keeps log Γ(dispersion) finite if the decoder collapses
_FROM_DATA = (1e-2, 1e4)  # [dispersion] beyond which a few examples no longer tell: nearly no mean, nearly Poisson


def dispersion_by_moments(x: Array) -> Array:
    """mean² / (variance − mean) in each dimension of `[n, *event]` counts, within 0.01 and 10,000.

    >>> dispersion_by_moments(jnp.array([[0.0, 3.0], [4.0, 3.0], [8.0, 3.0]])).round(2).tolist()
    [1.4..., 10000.0]
    """
    mean = smoothed_rates(x)
    least, most = _FROM_DATA
    return jnp.maximum(mean**2 / jnp.maximum(jnp.var(x, axis=0) - mean, mean**2 / most), least)


@dataclass
class NegativeBinomial(Likelihood):
    """Independent counts: p(x|z) = Π_d NegativeBinomial(x_d; rate_d, dispersion_d), x_d in {0, 1, 2, …}.

    variance = rate + rate² / dispersion. As for `Poisson`, rate = exp(offset) · (1e-4 + softplus(decoder(z) + c)) with
    softplus(c) = 1 and a learned offset that starts at the logarithm of the training mean. A learned dispersion starts
    at its estimate by moments; a decoded one is 1e-4 + softplus(raw + c). The encoder is shown arsinh x. Lopez et al.
    2018 (scVI), methods, without their library size.

    Args:
        dispersion: inverse of the extra spread: a number > 0, `learned` (one for each data dimension) or
            `per_dimension` (decoded).

    Raises:
        UserError: for a dispersion that is not above 0, or an unknown name.
    """

    dispersion: float | Literal["learned", "per_dimension"] = "learned"

    def __post_init__(self) -> None:
        check_range(self, above=0.0, dispersion=self.dispersion)
        check_choice(self, ("learned", "per_dimension"), dispersion=self.dispersion)

    @property
    def support(self) -> Support:
        """{0, 1, 2, …}."""
        return COUNTS

    @property
    def _dispersion_kind(self) -> str:
        return self.dispersion if isinstance(self.dispersion, str) else "fixed"  # may be a tracer: never compare it

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A number for the rate of each data dimension, and with `per_dimension` a raw dispersion."""
        return (2, *vae.data_shape) if self._dispersion_kind == "per_dimension" else vae.data_shape

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The offset and, if it is learned, the logarithm of the dispersion, `data_shape` each."""
        del key
        zeros = jnp.zeros(vae.data_shape)
        params = {"offset": zeros if examples is None else jnp.log(smoothed_rates(examples))}
        if self._dispersion_kind == "learned":
            params["log_dispersion"] = zeros if examples is None else jnp.log(dispersion_by_moments(examples))
        return params

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.NegativeBinomial:
        """p(x|z) over `data_shape`."""
        del vae
        own = params["likelihood"]
        if not isinstance(self.dispersion, str):
            raw, dispersion = outputs, jnp.asarray(self.dispersion)
        elif self.dispersion == "learned":
            raw, dispersion = outputs, jnp.exp(own["log_dispersion"])
        else:
            raw, dispersion = outputs[0], positive(outputs[1], MIN_DISPERSION)
        return distributions.NegativeBinomial(rates_from(raw, own["offset"]), dispersion)

    def encoder_input(self, vae: "VAE", params: Params, x: Array) -> Array:
        """arsinh x, `data_shape`."""
        del vae, params
        return compress(x)

    def independent(self, x: Array) -> distributions.NegativeBinomial:
        """Negative binomials by the moments of the training data."""
        return distributions.NegativeBinomial(smoothed_rates(x), dispersion_by_moments(x))
