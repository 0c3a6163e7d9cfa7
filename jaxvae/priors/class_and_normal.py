"""The prior of a class and normal latents given the class."""

from typing import Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import Normal, OneHot
from jaxvae.distributions.hierarchy import Classwise, Hierarchy
from jaxvae.distributions.transforms import positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import Space, class_and_real
from jaxvae.typing import Array, Key, Params


@dataclass
class ClassAndNormal(Prior):
    """A class y, and normal latents v given it: z = [one-hot y; v], p(z) = p(y) p(v|y).

    The prior of the posterior `ClassAndNormal`. With `standard` v does not depend on y, as in M2 (Kingma et al. 2014,
    equation 2). With `learned` each class has a normal of its own, whose means start at random: the GMVAE, a mixture
    whose component is part of z.

    Args:
        num_classes: K, that of the posterior.
        normal: of v: `standard`, or `learned` for each class.
        weights: of the classes: `uniform` or `learned`.

    Raises:
        UserError: for fewer than 2 classes or an unknown name.
    """

    num_classes: int = 10
    normal: Literal["standard", "learned"] = "standard"
    weights: Literal["uniform", "learned"] = "uniform"

    def __post_init__(self) -> None:
        check_range(self, at_least=2, num_classes=self.num_classes)
        check_choice(self, ("standard", "learned"), normal=self.normal)
        check_choice(self, ("uniform", "learned"), weights=self.weights)

    @property
    def space(self) -> Space:
        """A one-hot vector and real numbers."""
        return class_and_real(self.num_classes)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """What is learned: logits `[K]`, means and raw scales `[K, D]`."""
        del examples
        shape = (self.num_classes, model.latent_dim - self.num_classes)
        own: Params = {"logits": jnp.zeros(self.num_classes)} if self.weights == "learned" else {}
        if self.normal == "standard":
            return own
        return {**own, "loc": jax.random.normal(key, shape), "raw_scale": jnp.zeros(shape)}

    def distribution(self, model: ModelParts, params: Params) -> Hierarchy:
        """p(z) over `[latent_dim]`."""
        own, shape = params["prior"], (self.num_classes, model.latent_dim - self.num_classes)
        logits = own["logits"] if self.weights == "learned" else jnp.zeros(self.num_classes)
        if self.normal == "standard":
            each = Normal(jnp.zeros(shape), jnp.ones(shape), event_ndim=1)
        else:
            each = Normal(own["loc"], positive(own["raw_scale"], MIN_SCALE), event_ndim=1)
        return Hierarchy(OneHot(logits, self.num_classes), Classwise(each), self.num_classes)
