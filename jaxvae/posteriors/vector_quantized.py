"""The posterior of the VQ-VAE: one vector of a codebook for each group of dimensions."""

from typing import ClassVar

import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.distributions.quantized import Quantized, quantize
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.posteriors.codebook import fresh_codebook, moved_codebook
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import CODEBOOK, Space
from jaxvae.typing import Array, Key, Params, Shape

_GROUPS = 4  # with 16 codes each, 11 nats: between the information of digits and of MNIST


@dataclass
class VectorQuantized(Posterior):
    """Vectors of a codebook nearest to the encoder's outputs; for the objective VQVAE and a prior over codes.

    latent_dim = depth · groups · code_dim:  z = [e_1; …; e_depth],  e_1 nearest to z_e, e_2 to z_e − e_1, …

    q(z|x) has all its mass on z, so the rate is −log p(z), the number of nats that a coder spends on the codes. With
    depth above 1 (residual quantisation) the decoder sees Σ_l e_l. z keeps the levels apart, since the sum does not
    show which codes it contains. The codebook is not a parameter but a moving average, which the objective updates.
    Unused codes restart at encoder outputs. van den Oord, Vinyals and Kavukcuoglu 2017, section 3.1 and appendix A.1;
    Zeghidour et al. 2021, section III-C, for the levels.

    Args:
        num_codes: K ≥ 2, the number of codes of each level. The rate is at most depth · groups · log K nats, and only
            these three numbers limit it: small data need few codes, detailed pictures more groups.
        code_dim: dimensions of one code. By default there are 4 groups: a rate of at most 4 · depth · log K nats for
            any number of latents.
        depth: levels of residual quantisation [levels].
        decay: γ of the moving averages [per step].
        restart_below: share of the mean count below which a code is dead; 0 for no restarts.

    Raises:
        UserError: for a number out of range, or a model whose latent_dim is not a multiple of depth · code_dim.
    """

    num_codes: int = 16
    code_dim: int | None = None
    depth: int = 1
    decay: float = 0.99
    restart_below: float = 0.1

    trained_by: ClassVar[str | None] = "VQVAE"

    def __post_init__(self) -> None:
        check_range(self, at_least=2, num_codes=self.num_codes)
        check_range(self, at_least=1, code_dim=self.code_dim, depth=self.depth)
        check_range(self, at_least=0.0, below=1.0, decay=self.decay, restart_below=self.restart_below)

    @property
    def space(self) -> Space:
        """Vectors of a codebook."""
        return CODEBOOK

    def dimensions_of_code(self, model: ModelParts) -> int:
        """`code_dim`, or if it was not given, the number that makes 4 groups."""
        return self.code_dim or max(model.latent_dim // (self.depth * _GROUPS), 1)

    def num_groups(self, model: ModelParts) -> int:
        """Number of vectors of each example that are quantised."""
        return model.latent_dim // (self.depth * self.dimensions_of_code(model))

    def check_model(self, model: ModelParts) -> None:
        """Check that the latent dimensions form whole groups of codes at every level."""
        code_dim = self.dimensions_of_code(model)
        size = self.depth * code_dim
        if model.latent_dim % size:
            below = model.latent_dim - model.latent_dim % size
            fits = f"{below} or {below + size}" if below else f"{size}"
            raise UserError(
                f"`latent_dim` must be a multiple of depth · code_dim of VectorQuantized, {self.depth} · "
                f"{code_dim}, got {model.latent_dim}: take {fits}"
            )

    def parameter_shape(self, model: ModelParts) -> Shape:
        """The vectors to quantise: `(groups, code_dim)`."""
        return (self.num_groups(model), self.dimensions_of_code(model))

    def init(self, key: Key, model: ModelParts) -> Params:
        """The codebook and its moving averages, under `fixed`."""
        return {"fixed": fresh_codebook(key, self.depth, self.num_codes, self.dimensions_of_code(model))}

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> Quantized:
        """q(z|x) over `[latent_dim]`."""
        del model
        return quantize(outputs, params["posterior"]["fixed"]["codebook"])

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """The sum of the levels, `[groups · code_dim]`."""
        del model
        return jnp.sum(z.reshape(self.depth, -1), axis=0)

    def moved(self, params: Params, q: Quantized, keys: Key, mask: Array) -> Params:
        """All parameters with the codebook after a batch; see `moved_codebook`."""
        state = moved_codebook(params["posterior"]["fixed"], q, keys, mask, self.decay, self.restart_below)
        return {**params, "posterior": {"fixed": state}}
