"""What a prior is: a distribution p(z) over the latents."""

import abc
from typing import TYPE_CHECKING

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.typing import Array, Key, Params

if TYPE_CHECKING:
    from jaxvae.vae import VAE


class Prior(abc.ABC):
    """A family of priors p(z).

    `distribution` is given the whole model and all its parameters, so that a prior made of the encoder (VampPrior,
    exemplars) needs nothing special; parameters of its own are in `params["prior"]`.
    """

    @abc.abstractmethod
    def distribution(self, vae: "VAE", params: Params) -> SupportsSampleAndLogProb:
        """p(z), over `[latent_dim]`."""

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """Draw the prior's own parameters; by default there are none.

        `examples`, `[n, *data_shape]`, are training examples where the caller has them, else None.
        """
        del key, vae, examples
        return {}
