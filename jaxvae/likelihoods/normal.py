"""The normal likelihood for real-valued data."""

from typing import TYPE_CHECKING, Literal

import jax
import jax.numpy as jnp

from jaxvae import distributions
from jaxvae.checks import check_choice, check_range
from jaxvae.distributions.transforms import positive
from jaxvae.likelihoods.likelihood import Likelihood
from jaxvae.likelihoods.support import REAL, Support
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape

if TYPE_CHECKING:
    from jaxvae.vae import VAE

MIN_SCALE = 1e-3  # a quarter of a grey level of 8-bit data in [0, 1]: bounds the density where pixels never change
_MEANS = {"identity": lambda x: x, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh}


@dataclass
class Normal(Likelihood):
    """Independent normal data dimensions: p(x|z) = Π_d N(x_d; loc_d, scale_d).

    loc = mean(decoder(z)). The scale is a fixed number, one learned number for all dimensions, or decoded for each
    dimension; a learned scale is 1e-3 + softplus(raw + c), softplus(c) = 1. It is always part of the density: a squared
    error without it is no likelihood (Rybkin, Daniilidis and Levine 2021, section 3).

    Args:
        scale: standard deviation [data units]: a number > 0, `learned` (one number) or `per_pixel` (decoded).
        mean: range of the decoded mean: `identity` for any real, `sigmoid` for (0, 1), `tanh` for (−1, 1).

    Raises:
        UserError: for a scale that is not above 0, or an unknown name.
    """

    scale: float | Literal["learned", "per_pixel"] = "learned"
    mean: Literal["identity", "sigmoid", "tanh"] = "identity"

    def __post_init__(self) -> None:
        check_range(self, above=0.0, scale=self.scale)
        check_choice(self, ("learned", "per_pixel"), scale=self.scale)
        check_choice(self, _MEANS, mean=self.mean)

    @property
    def support(self) -> Support:
        """All finite numbers."""
        return REAL

    @property
    def _scale_kind(self) -> str:
        return self.scale if isinstance(self.scale, str) else "fixed"  # a number may be a tracer: never compare it

    def parameter_shape(self, vae: "VAE") -> Shape:
        """A mean for each data dimension, and with `per_pixel` a raw scale: `data_shape` or `(2, *data_shape)`."""
        return (2, *vae.data_shape) if self._scale_kind == "per_pixel" else vae.data_shape

    def init(self, key: Key, vae: "VAE", examples: Array | None) -> Params:
        """The raw scale, `[]`, if it is learned; it starts at scale 1."""
        del key, vae, examples
        return {"raw_scale": jnp.zeros(())} if self._scale_kind == "learned" else {}

    def distribution(self, vae: "VAE", params: Params, outputs: Array) -> distributions.Normal:
        """p(x|z) over `data_shape`."""
        del vae
        if isinstance(self.scale, str):
            loc, raw = outputs if self.scale == "per_pixel" else (outputs, params["likelihood"]["raw_scale"])
            scale = positive(raw, MIN_SCALE)
        else:
            loc, scale = outputs, jnp.asarray(self.scale)
        return distributions.Normal(_MEANS[self.mean](loc), scale)
