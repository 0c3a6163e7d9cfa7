"""The VampPrior: the mean of the posteriors of learned pseudo-inputs."""

from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import Mixture
from jaxvae.model import ModelParts
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params


@dataclass
class Vamp(Prior):
    """A mixture of the posteriors of learned pseudo-inputs u_k: p(z) = 1/K Σ_k q(z|u_k).

    It works with any posterior that has a density, and takes over its space. The pseudo-inputs start as data and are
    unconstrained: no likelihood scores them, so they need not be data. The paper limits them to [0, 1]; that suits only
    images, and passes no gradient at the limits. Tomczak and Welling 2018, equation 9.

    Args:
        num_components: number K of pseudo-inputs.
        start: `examples`: training examples drawn at random, none twice before all were drawn once. `noise`: normal
            noise with the mean and standard deviation of each data dimension. Without examples: standard normal noise.
        learned_weights: learn the weights π_k of the components, instead of 1/K each.

    Raises:
        UserError: for fewer than one component or an unknown name.
    """

    num_components: int = 500
    start: Literal["examples", "noise"] = "examples"
    learned_weights: bool = False

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_components=self.num_components)
        check_choice(self, ("examples", "noise"), start=self.start)

    @property
    def space(self) -> None:
        """None: it takes over the space of the posterior."""
        return None

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """Pseudo-inputs `[num_components, *data_shape]`, and logits `[num_components]` if weights are learned."""
        weights = {"logits": jnp.zeros(self.num_components)} if self.learned_weights else {}
        if examples is not None and self.start == "examples":
            return {"pseudo_inputs": random_examples(key, examples, self.num_components), **weights}
        noise = jax.random.normal(key, (self.num_components, *model.data_shape))
        if examples is not None:
            mean, deviation = jnp.mean(examples, axis=0, keepdims=True), jnp.std(examples, axis=0, keepdims=True)
            noise = mean + deviation * noise
        return {"pseudo_inputs": noise, **weights}

    def distribution(self, model: ModelParts, params: Params) -> Mixture:
        """p(z) over `[latent_dim]`. It does not depend on x, so a batch encodes the pseudo-inputs once."""
        own = params["prior"]
        components = jax.vmap(partial(model.encode, params))(own["pseudo_inputs"])
        return Mixture(own["logits"] if self.learned_weights else jnp.zeros(self.num_components), components)


def random_examples(key: Key, examples: Array, count: int) -> Array:
    """`count` of the `[n, ...]` examples drawn at random, none of them twice before all were drawn once."""
    return examples[jax.random.permutation(key, examples.shape[0])[jnp.arange(count) % examples.shape[0]]]
