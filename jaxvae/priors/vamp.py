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

    It takes any posterior that has a density, and lives where that posterior does. The pseudo-inputs are unconstrained:
    they need not be data (no likelihood scores them), they start as data, and a hard limit to [0, 1] as in the paper
    suits images alone and passes no gradient once it is reached. Tomczak and Welling 2018, equation 9.

    Args:
        num_components: number K of pseudo-inputs.
        start: `examples`: training examples drawn at random, none twice before all were drawn once; `noise`: normal
            noise with the mean and standard deviation of each data dimension over the training examples. Where `init`
            is given no examples, standard normal noise.
        learned_weights: learn the weights π_k of the components, instead of 1/K each.

    Raises:
        UserError: for less than one component or an unknown name.
    """

    num_components: int = 500
    start: Literal["examples", "noise"] = "examples"
    learned_weights: bool = False

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_components=self.num_components)
        check_choice(self, ("examples", "noise"), start=self.start)

    @property
    def space(self) -> None:
        """None: it is where the posterior is."""
        return None

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """Pseudo-inputs `[num_components, *data_shape]`, and logits `[num_components]` where weights are learned."""
        weights = {"logits": jnp.zeros(self.num_components)} if self.learned_weights else {}
        if examples is not None and self.start == "examples":
            return {"pseudo_inputs": random_examples(key, examples, self.num_components), **weights}
        noise = jax.random.normal(key, (self.num_components, *model.data_shape))
        if examples is not None:
            mean, deviation = jnp.mean(examples, axis=0, keepdims=True), jnp.std(examples, axis=0, keepdims=True)
            noise = mean + deviation * noise
        return {"pseudo_inputs": noise, **weights}

    def distribution(self, model: ModelParts, params: Params) -> Mixture:
        """p(z) over `[latent_dim]`; it does not depend on x, so that a batch encodes the pseudo-inputs once."""
        own = params["prior"]
        components = jax.vmap(partial(model.encode, params))(own["pseudo_inputs"])
        return Mixture(own["logits"] if self.learned_weights else jnp.zeros(self.num_components), components)


def random_examples(key: Key, examples: Array, count: int) -> Array:
    """`count` of the `[n, ...]` examples drawn at random, none of them twice before all were drawn once."""
    return examples[jax.random.permutation(key, examples.shape[0])[jnp.arange(count) % examples.shape[0]]]
