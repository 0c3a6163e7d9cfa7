"""The Bernoulli likelihood for binary data."""

from typing import TYPE_CHECKING

from jaxvae import distributions
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import BINARY
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE


@dataclass
class Bernoulli(Likelihood):
    """Independent binary pixels: p(x|z) = Π_d Bernoulli(x_d; sigmoid(decoder(z)_d)), x_d in {0, 1}.

    Kingma and Welling 2014, appendix C.1.
    """

    support = BINARY

    def parameter_shape(self, vae: "VAE") -> Shape:
        """One logit for each data dimension: `data_shape`."""
        return vae.data_shape

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.Bernoulli:
        """p(x|z) over `data_shape`."""
        del vae, params
        return distributions.Bernoulli(outputs)
