"""The posterior of a class and normal latents given the class."""

from typing import Any

import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.distributions import Normal, OneHot
from jaxvae.distributions.hierarchy import Hierarchy, NetworkLink
from jaxvae.distributions.transforms import positive
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.networks import MLP, NetworkLike, check_networks
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.posteriors.known_class import known_class
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import Space, class_and_real
from jaxvae.typing import Array, Key, Params, Shape


def _normal(outputs: Array) -> Normal:
    loc, raw = outputs
    return Normal(loc, positive(raw, MIN_SCALE), event_ndim=1)


@dataclass
class ClassAndNormal(Posterior):
    """A class y, and normal latents v given it: z = [one-hot y; v], q(z|x) = q(y|x) N(v; loc(x, y), scale(x, y)).

    The encoder puts out the logits of y and features of x; a network of the features and y puts out loc and scale. It
    is the posterior of M2 (Kingma et al. 2014, section 3.1), and with `decoder_sees_class=False` that of the GMVAE.
    Where the label of an example is known, y is that class: the ELBO is then that of labelled data. Take
    `objective.expectation="enumerated"`, which sums over y.

    Args:
        num_classes: K, the classes of y; latent_dim is K and the dimensions of v together.
        num_features: features of x that the second network sees.
        network: from the features and y to loc and scale of v.
        decoder_sees_class: show the decoder z = [y; v]; else v alone, so that y acts by the prior only.

    Raises:
        UserError: for fewer than 2 classes or no feature, or a model without room for v.
    """

    num_classes: int = 10
    num_features: int = 100
    network: NetworkLike = MLP((100,))
    decoder_sees_class: bool = True

    def __post_init__(self) -> None:
        check_range(self, at_least=2, num_classes=self.num_classes)
        check_range(self, at_least=1, num_features=self.num_features)
        check_networks(self, network=self.network)

    @property
    def space(self) -> Space:
        """A one-hot vector and real numbers."""
        return class_and_real(self.num_classes)

    def check_model(self, model: ModelParts) -> None:
        """Check that v has a dimension."""
        if model.latent_dim <= self.num_classes:
            raise UserError(
                f"latent_dim must be above {self.num_classes}, the classes of ClassAndNormal, which come first in z, "
                f"got {model.latent_dim}: take {self.num_classes + 10} for 10 further dimensions"
            )

    def parameter_shape(self, model: ModelParts) -> Shape:
        """Logits and features: `(num_classes + num_features,)`."""
        del model
        return (self.num_classes + self.num_features,)

    def init(self, key: Key, model: ModelParts) -> Params:
        """The parameters of the second network."""
        shown = jnp.zeros(self.num_features + self.num_classes)
        return self.network.init(key, shown, (2, model.latent_dim - self.num_classes))

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> Hierarchy:
        """q(z|x) over `[latent_dim]`."""
        logits, features = outputs[: self.num_classes], outputs[self.num_classes :]
        dim = model.latent_dim - self.num_classes
        link = NetworkLink(self.network, params["posterior"], features, _normal, dim)
        return Hierarchy(OneHot(logits, self.num_classes), link, self.num_classes)

    def decoder_input(self, model: ModelParts, z: Array) -> Array:
        """Z itself, or v alone."""
        del model
        return z if self.decoder_sees_class else z[self.num_classes :]

    def with_label(self, label: Any) -> "Posterior":
        """This posterior for an example whose class is `label`, −1 where it is not known."""
        return known_class(self, label, self.num_classes)
