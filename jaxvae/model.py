"""What the rest of the library reads of a model: `ModelParts` for its components, `Model` for everything else."""

from typing import Any, Protocol, Self

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.draw import Draw
from jaxvae.spaces import Space
from jaxvae.typing import Array, Key, Params, Shape


class ModelParts(Protocol):
    """What a component reads of the model that it is part of.

    A prior made of the encoder calls `encode`; most components read only the two sizes.
    """

    @property
    def data_shape(self) -> Shape:
        """The shape of one example."""
        ...

    @property
    def latent_dim(self) -> int:
        """The number of latent dimensions."""
        ...

    @property
    def posterior(self) -> Any:
        """The family of q(z|x)."""
        ...

    @property
    def prior(self) -> Any:
        """The family of p(z)."""
        ...

    @property
    def likelihood(self) -> Any:
        """The family of p(x|z)."""
        ...

    def encode(self, params: Params, x: Array) -> Any:
        """q(z|x) for one example."""
        ...


class Model(Protocol):
    """What objectives, training and evaluation need from a model description.

    `VAE` is one; a ladder would be another.
    """

    def at_step(self, step: Array) -> Self:
        """The model at a training step: schedules (a temperature) replaced by their numbers."""
        ...

    def for_run(self, num_steps: int) -> Self:
        """The model with options that depend on the length of a run as numbers; `self` if nothing changes."""
        ...

    def for_training(self, key: Key) -> Self:
        """The model with the noise that all examples of one training step share, if a component has any."""
        ...

    def init(self, key: Key, examples: Array | None = None) -> Params:
        """Draw all parameters."""
        ...

    def encode(self, params: Params, x: Array) -> Any:
        """q(z|x) for one example."""
        ...

    def posterior_features(self, params: Params, x: Array) -> Array:
        """The arrays that define q(z|x), which refinement changes."""
        ...

    def posterior_from(self, params: Params, features: Array) -> Any:
        """q(z|x) from its features; `encode` applies it to the features of x."""
        ...

    def decode(self, params: Params, z: Array) -> Any:
        """p(x|z) for one latent."""
        ...

    def sample_prior(self, params: Params, key: Key) -> Array:
        """One z ~ p(z)."""
        ...

    def draw(
        self,
        params: Params,
        key: Key,
        x: Array,
        *,
        posterior: SupportsSampleAndLogProb | None = None,
    ) -> Draw:
        """One z ~ q(z|x) and its terms."""
        ...

    def log_joint(self, params: Params, x: Array, z: Array) -> tuple[Array, Array]:
        """log p(x|z) and log p(z) at a given z, for one example."""
        ...

    @property
    def latent_space(self) -> Space:
        """Where z lies."""
        ...

    def enumerate(self, params: Params, x: Array) -> Draw:
        """Every z with a probability under q(z|x), and its terms, with a leading axis `[states]`."""
        ...
