"""The von Mises-Fisher posterior on the unit sphere."""

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.transforms import positive, unit_vector
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import SPHERE, Space
from jaxvae.typing import Array, Params, Shape


@dataclass
class VonMisesFisher(Posterior):
    """Unit vectors around a direction from the encoder; its prior is HypersphericalUniform.

    q(z|x) = vMF(z; m / ‖m‖, κ),  (m, raw) = encoder(x),  κ = min_concentration + softplus(raw + c),  softplus(c) = 1

    z has latent_dim coordinates: it lies on the sphere of latent_dim − 1 dimensions. Davidson et al. 2018, section 3.

    Args:
        min_concentration: smallest κ, ≥ 0; the default is from the authors' code.
        scaled: let the decoder see √latent_dim · z. Its coordinates have a mean square of 1, as for a normal z, so the
            weights that read z learn as fast in many dimensions as in few.

    Raises:
        UserError: for a number out of range, or (from a model) latent_dim below 2.
    """

    min_concentration: float = 1.0
    scaled: bool = True

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, min_concentration=self.min_concentration)

    @property
    def space(self) -> Space:
        """The unit sphere."""
        return SPHERE

    def check_model(self, model: ModelParts) -> None:
        """A sphere needs two coordinates."""
        if model.latent_dim < 2:
            raise UserError(
                f"latents on the unit sphere need latent_dim >= 2, got {model.latent_dim}: latent_dim counts "
                f"coordinates (2 is a circle)"
            )

    def parameter_shape(self, model: ModelParts) -> Shape:
        """A direction and a raw concentration: `(latent_dim + 1,)`."""
        return (model.latent_dim + 1,)

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """√latent_dim · z if `scaled`, else z, `[latent_dim]`."""
        return model.latent_dim**0.5 * z if self.scaled else z

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.VonMisesFisher:
        """q(z|x) over `[latent_dim]`."""
        del model, params
        concentration = positive(outputs[-1], self.min_concentration)
        return distributions.VonMisesFisher(unit_vector(outputs[:-1]), concentration)
