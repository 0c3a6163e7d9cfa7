"""Latent dimensions of normal noise next to those of another family, for `WithNoise` posteriors and priors."""

import dataclasses
from typing import Any

from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.spaces import CODEBOOK, REAL, Space


def noise_space(space: Space, noise_dim: int) -> Space:
    """The space of z with dimensions of normal noise appended: real vectors stay real vectors.

    Raises:
        UserError: for the vectors of a codebook, which a decoder sees summed over levels, without room for noise.
    """
    if space == REAL:
        return REAL
    if space == CODEBOOK:
        raise UserError(f"WithNoise must be over a space with room for noise, got {space}: use what is inside it alone")
    return Space(f"{space.name} with noise of dimension {noise_dim}", space.parameters)


def before_noise(model: ModelParts, owner: Any) -> ModelParts:
    """The model of the latents before the noise that `owner`, a posterior or prior `WithNoise`, appends.

    Raises:
        UserError: if the noise leaves no other dimension.
    """
    if owner.noise_dim >= model.latent_dim:
        raise UserError(
            f"{type(owner).__name__}.noise_dim must be < latent_dim {model.latent_dim}, got {owner.noise_dim}: the "
            f"noise is some of the latent dimensions"
        )
    parts = {name: getattr(model, name) for name in ("posterior", "prior")}
    parts = {name: getattr(part, "without_noise", part) for name, part in parts.items()}
    return dataclasses.replace(model, latent_dim=model.latent_dim - owner.noise_dim, **parts)  # type: ignore[type-var]
