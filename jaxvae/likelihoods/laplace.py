"""The Laplace likelihood for real-valued data: an absolute error, with its scale."""

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
class Laplace(Likelihood):
    """Independent Laplace data dimensions: p(x|z) = Π_d exp(−|x_d − loc_d| / scale_d) / (2 scale_d).

    loc = mean(decoder(z) + offset). The offset is learned and starts at the mean of the training examples; a scale that
    is not fixed starts at their mean absolute residual.

    Args:
        scale: mean absolute deviation [data units]: a number > 0, `learned` (one number) or `per_pixel` (decoded).
        mean: range of the decoded mean: `identity` for any real, `sigmoid` for (0, 1), `tanh` for (−1, 1).

    Raises:
        UserError: for a scale that is not above 0, or an unknown name.
    """

    scale: float | Literal["learned", "per_pixel"] = "learned"
    mean: Literal["identity", "sigmoid", "tanh"] = "identity"

    def __post_init__(self) -> None:
        location_scale.check(self)

    @property
    def support(self) -> Support:
        """All finite reals."""
        return REAL

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A mean for each data dimension, and with `per_pixel` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return location_scale.parameter_shape(self, vae)

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The offset, `data_shape`, and the raw scale, `[]`, if it is not fixed."""
        del key
        return location_scale.start_at_data(self, vae, examples, lambda residuals: jnp.mean(jnp.abs(residuals)))

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.Laplace:
        """p(x|z) over `data_shape`."""
        del vae
        return distributions.Laplace(*location_scale.location_and_scale(self, params, outputs))
