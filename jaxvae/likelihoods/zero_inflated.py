"""Any likelihood of counts with extra zeros."""

from typing import TYPE_CHECKING

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_component
from jaxvae.errors import UserError
from jaxvae.likelihoods.beta_binomial import BetaBinomial
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.negative_binomial import NegativeBinomial
from jaxvae.likelihoods.support import COUNTS, Support
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE

_INITIAL_LOGIT = -2.0  # an extra zero once in eight: near the likelihood alone, and far from where the sigmoid is flat


@dataclass
class ZeroInflated(Likelihood):
    """Independent counts with extra zeros: p(x|z) = Π_d [ π_d 1(x_d = 0) + (1 − π_d) p_d(x_d|z) ].

    π = sigmoid(decoder(z)₁ + offset) with a learned offset that starts at −2, an extra zero once in eight; the
    decoder's other outputs are those of the likelihood of counts p_d. Lambert 1992; with `NegativeBinomial` the
    likelihood of scVI (Lopez et al. 2018, methods).

    Args:
        likelihood: of the counts that are no extra zeros: Poisson, NegativeBinomial or BetaBinomial.

    Raises:
        UserError: for a likelihood that is none of counts.
    """

    likelihood: Likelihood = NegativeBinomial()

    def __post_init__(self) -> None:
        check_component(self, Likelihood, likelihood=self.likelihood)
        if self.likelihood.support != COUNTS and not isinstance(self.likelihood, BetaBinomial):
            raise UserError(
                f"ZeroInflated.likelihood must be one of counts, got {type(self.likelihood).__name__}: take Poisson, "
                f"NegativeBinomial or BetaBinomial"
            )

    @property
    def support(self) -> Support:
        """That of the likelihood of counts."""
        return self.likelihood.support

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A logit for each data dimension, and what the likelihood of counts asks for: `(1 + …, *data_shape)`."""
        its_own = self.likelihood.parameter_shape(vae)
        return (2 if its_own == vae.data_shape else 1 + its_own[0], *vae.data_shape)

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The offset, `data_shape`, and the parameters of the likelihood of counts."""
        return {
            "offset": jnp.full(vae.data_shape, _INITIAL_LOGIT, dtype=float),
            "likelihood": self.likelihood.init(key, vae, examples),
        }

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.ZeroInflated:
        """p(x|z) over `data_shape`."""
        counts = outputs[1:].reshape(self.likelihood.parameter_shape(vae))
        base = self.likelihood.distribution(vae, _inner(params), counts)
        return distributions.ZeroInflated(outputs[0] + params["likelihood"]["offset"], base)  # type: ignore[arg-type]

    def encoder_input(self, vae: "VAE", params: Params, x: Array) -> Array:
        """That of the likelihood of counts."""
        return self.likelihood.encoder_input(vae, _inner(params), x)

    def independent(self, x: Array) -> distributions.Distribution | None:
        """That of the likelihood of counts."""
        return self.likelihood.independent(x)


def _inner(params: Params) -> Params:
    return {**params, "likelihood": params["likelihood"]["likelihood"]}
