"""The normal likelihood for real-valued data."""

from typing import TYPE_CHECKING, Literal

import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.likelihoods import location_scale
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import REAL, Support
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE


@dataclass
class Normal(Likelihood):
    """Independent normal data dimensions: p(x|z) = Π_d N(x_d; loc_d, scale_d).

    loc = mean(decoder(z)). The scale is a fixed number, one learned number for all dimensions, or decoded for each
    dimension; a learned scale is 1e-3 + softplus(raw + c), softplus(c) = 1. It is always part of the density: a squared
    error without it is no likelihood (Rybkin, Daniilidis and Levine 2021, section 3).

    `optimal` is one learned number too, but starts where it is optimal: an offset of the location starts at the mean of
    the training examples and the scale at the root of the mean squared residual about it, which is the optimal σ of
    the σ-VAE (section 3.2 of that paper) for a decoder that predicts nothing yet. From there on the gradient leads it
    to its optimum, for that of the ELBO by σ vanishes where σ² is the mean squared error and nowhere else. The paper
    sets σ² to the mean squared error of the batch at hand. We do not: a σ computed from the x that it scores, one
    example or a batch, leaves a function of x that does not integrate to 1, and its values are no log-likelihoods.

    Args:
        scale: standard deviation [data units]: a number > 0, `learned` (one number, which starts at 1), `optimal` (one
            number, which starts at the training examples' own) or `per_pixel` (decoded).
        mean: range of the decoded mean: `identity` for any real, `sigmoid` for (0, 1), `tanh` for (−1, 1).

    Raises:
        UserError: for a scale that is not above 0, or an unknown name.
    """

    scale: float | Literal["learned", "optimal", "per_pixel"] = "learned"
    mean: Literal["identity", "sigmoid", "tanh"] = "identity"

    def __post_init__(self) -> None:
        location_scale.check(self, "optimal")

    @property
    def support(self) -> Support:
        """All finite reals."""
        return REAL

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A mean for each data dimension, and with `per_pixel` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return location_scale.parameter_shape(self, vae)

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The raw scale, `[]`, if it is one learned number, and with `optimal` an offset of the mean, `data_shape`."""
        del key
        if self.scale == "optimal":
            return location_scale.start_at_data(self, vae, examples, lambda r: jnp.sqrt(jnp.mean(r**2)))
        return {"raw_scale": jnp.zeros(())} if self.scale == "learned" else {}

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.Normal:
        """p(x|z) over `data_shape`."""
        del vae
        return distributions.Normal(*location_scale.location_and_scale(self, params, outputs))
