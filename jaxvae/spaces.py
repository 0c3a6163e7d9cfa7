"""Where latents live, and what fits what: the one table that errors, documentation and tests are made from."""

import dataclasses
from types import ModuleType
from typing import TYPE_CHECKING, Any

import jax

from jaxvae.errors import UserError

if TYPE_CHECKING:
    from jaxvae.vae import VAE


@dataclasses.dataclass(frozen=True)
class Space:
    """A set of latents: the support that a posterior and its prior must share.

    Args:
        name: as it stands in messages and tables.
        parameters: numbers that make another set of it (the curvature of a ball, the classes of a one-hot code).
        is_of_points: posteriors there put all mass on one point, so that none can be made into a prior.
    """

    name: str
    parameters: tuple[Any, ...] = ()
    is_of_points: bool = False

    def __str__(self) -> str:
        return f"{self.name}{list(self.parameters) if self.parameters else ''}"

    def fits(self, other: "Space | None") -> bool:
        """Whether the two are the same set; None, a prior made of its posterior, fits every one but those of points.

        Numbers that are traced are not known, and count as equal.
        """
        if other is None:
            return not self.is_of_points
        if self.name != other.name or len(self.parameters) != len(other.parameters):
            return False
        return all(_equal(one, another) for one, another in zip(self.parameters, other.parameters, strict=True))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Space) and isinstance(other, Space):
        return one.fits(other)
    return isinstance(one, jax.Array) or isinstance(other, jax.Array) or one == other


REAL = Space("real vectors")
BINARY = Space("binary vectors")
LOG_ODDS = Space("log-odds")
SPHERE = Space("unit sphere")
CODEBOOK = Space("vectors of a codebook", is_of_points=True)


def one_hot(num_classes: int) -> Space:
    """Flat vectors of one-hot groups of `num_classes`."""
    return Space("one-hot vectors", (num_classes,))


def log_probabilities(num_classes: int) -> Space:
    """Flat vectors of groups of the log-probabilities of `num_classes` classes, each group up to a constant."""
    return Space("log-probabilities", (num_classes,))


def poincare_ball(curvature: Any) -> Space:
    """Points of length below 1/√curvature, with hyperbolic distances."""
    return Space("Poincare ball", (curvature,))


def check_fit(posterior: Any, prior: Any) -> None:
    """Check that a posterior and a prior live in one space.

    Raises:
        UserError: naming both sides and what would fit each.
    """
    if posterior.space.fits(prior.space):
        return
    from jaxvae import posteriors, priors

    got = (
        f"the posterior and the prior must share one space, got {type(posterior).__name__} over {posterior.space} and "
        f"{type(prior).__name__} over {prior.space or 'densities of the posterior'}"
    )
    if prior.space is not None and posterior.space.name == prior.space.name:
        raise UserError(f"{got}: give both the same numbers")
    priors_that_fit = [name for name, one in members(priors) if _alike(posterior.space, one.space)]
    posteriors_that_fit = [name for name, one in members(posteriors) if _alike(one.space, prior.space)]
    raise UserError(
        f"{got}: with this posterior use --prior {' or '.join(priors_that_fit) or 'one of your own'}, with this prior "
        f"use --posterior {' or '.join(posteriors_that_fit) or 'one of your own'}"
    )


def _alike(one: Space, other: Space | None) -> bool:
    """Whether the two fit once their numbers are made equal."""
    return one.fits(other) if other is None else one.name == other.name


def noise_space(space: Space, noise_dim: int) -> Space:
    """Where z lives with dimensions of normal noise appended: real vectors stay real vectors.

    Raises:
        UserError: for the vectors of a codebook, which a decoder is shown summed over levels, without room for noise.
    """
    if space == REAL:
        return REAL
    if space == CODEBOOK:
        raise UserError(f"WithNoise must be over a space with room for noise, got {space}: use what is inside it alone")
    return Space(f"{space.name} with noise of dimension {noise_dim}", space.parameters)


def before_noise(vae: "VAE", owner: Any) -> "VAE":
    """The model of the latents before the noise that `owner`, a posterior or prior `WithNoise`, appends.

    Raises:
        UserError: if the noise leaves no other dimension.
    """
    if owner.noise_dim >= vae.latent_dim:
        raise UserError(
            f"{type(owner).__name__}.noise_dim must be < latent_dim {vae.latent_dim}, got {owner.noise_dim}: the noise "
            f"is some of the latent dimensions"
        )
    parts = {name: getattr(vae, name) for name in ("posterior", "prior")}
    parts = {name: getattr(part, "without_noise", part) for name, part in parts.items()}
    return dataclasses.replace(vae, latent_dim=vae.latent_dim - owner.noise_dim, **parts)


def members(family: ModuleType) -> list[tuple[str, Any]]:
    """The components that a family's module exports, by name, each with its defaults."""
    classes: list[tuple[str, Any]] = [(name, getattr(family, name)) for name in family.__all__]
    return [
        (name, cls())
        for name, cls in classes
        if isinstance(cls, type) and dataclasses.is_dataclass(cls) and hasattr(cls, "space")
    ]
