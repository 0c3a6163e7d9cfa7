"""Posteriors over discrete latents."""

from typing import Any

from jaxvae import distributions
from jaxvae.checks import check_range
from jaxvae.distributions.one_hot import check_groups
from jaxvae.model import ModelParts
from jaxvae.posteriors.known_class import known_class
from jaxvae.posteriors.posterior import Posterior
from jaxvae.pytrees import dataclass
from jaxvae.spaces import BINARY, Space, one_hot
from jaxvae.typing import Array, Params, Shape


@dataclass
class Categorical(Posterior):
    """Independent categorical latents as one-hot groups, flat in z: latent_dim = groups · num_classes.

    q(z|x) = Π_g Π_k softmax(logits_g)_k^(z_gk),  logits = encoder(x)

    No gradient passes through a draw. The ELBO uses the score function (Williams 1992), or with
    `objective.expectation="enumerated"` the exact sum over all num_classes^groups values.

    Args:
        num_classes: classes of each latent, ≥ 2.

    Raises:
        UserError: for fewer than 2 classes, or a model whose latent_dim is not a multiple of num_classes.
    """

    num_classes: int = 4

    def __post_init__(self) -> None:
        check_range(self, at_least=2, num_classes=self.num_classes)

    @property
    def space(self) -> Space:
        """One-hot vectors."""
        return one_hot(self.num_classes)

    def check_model(self, model: ModelParts) -> None:
        """Check that the latent dimensions form whole groups."""
        check_groups(self, model.latent_dim, self.num_classes, "`latent_dim`")

    def parameter_shape(self, model: ModelParts) -> Shape:
        """One logit for each class of each latent: `(latent_dim,)`."""
        return (model.latent_dim,)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.OneHot:
        """q(z|x) over `[latent_dim]`."""
        del model, params
        return distributions.OneHot(outputs, self.num_classes)

    def with_label(self, label: Any) -> Posterior:
        """This posterior for an example whose first class is `label`, −1 where it is not known."""
        return known_class(self, label, self.num_classes)


@dataclass
class Bernoulli(Posterior):
    """Independent binary latents: q(z|x) = Π_d Bernoulli(z_d; sigmoid(encoder(x)_d)), z_d in {0, 1}.

    No gradient passes through a draw. The ELBO uses the score function (Williams 1992), or with
    `objective.expectation="enumerated"` the exact sum over all 2^latent_dim values.
    """

    @property
    def space(self) -> Space:
        """Binary vectors."""
        return BINARY

    def parameter_shape(self, model: ModelParts) -> Shape:
        """One logit for each latent dimension: `(latent_dim,)`."""
        return (model.latent_dim,)

    def distribution(self, model: ModelParts, params: Params, outputs: Array) -> distributions.Bernoulli:
        """q(z|x) over `[latent_dim]`."""
        del model, params
        return distributions.Bernoulli(outputs)
