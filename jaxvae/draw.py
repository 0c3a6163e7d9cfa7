"""One draw of the latents and its terms: the interface between models and everything that is computed from them."""

from typing import Any, NamedTuple, Protocol, Self

from jaxvae.distributions import SupportsSampleAndLogProb
from jaxvae.spaces import Space
from jaxvae.typing import Array, Key, Params, PyTree


class Draw(NamedTuple):
    """One z ~ q(z|x) and its terms, in nats, for one example.

    log w = log_likelihood + log_prior − log_posterior is the logarithm of the importance weight: the ELBO is its mean,
    IWAE its log-mean-exp over draws.
    """

    latents: PyTree
    """z: an array, or a tuple of levels."""
    log_likelihood: Array
    """log p(x|z), `[]`."""
    log_prior: Array
    """log p(z), `[]`."""
    log_posterior: Array
    """log q(z|x), `[]`."""
    kl: Array
    """KL(q(z|x) ‖ p(z)), `[levels]`: closed form where the pair has one, else log_posterior − log_prior."""
    kl_dimensions: Array | None = None
    """The share of each latent dimension in `kl`, `[latent_dim]`, where q and p both have independent dimensions."""
    score: Array | float = 0.0
    """log q(z|x) of what was drawn without gradient, `[]`: 0 where z is reparameterized.

    The gradient of an expectation E_q[f] is E_q[∇f + f · ∇score], whatever the posterior.
    """
    exact_kl: Array | float = 0.0
    """The part of the sum of `kl` in closed form, `[]`.

    It does not depend on z, so that the score need not weigh it: E_q[∇score] = 0.
    """

    @property
    def log_weight(self) -> Array:
        """log p(x|z) + log p(z) − log q(z|x), nats, `[]`."""
        return self.log_likelihood + self.log_prior - self.log_posterior


class Model(Protocol):
    """What objectives, training and evaluation ask of a model description. `VAE` is one; a ladder would be another."""

    def at_step(self, step: Array) -> Self:
        """The model as it is at a training step: schedules (a temperature) replaced by their numbers."""
        ...

    def for_run(self, num_steps: int) -> Self:
        """The model with what follows the length of a run as numbers, and `self` where nothing changes."""
        ...

    def for_training(self, key: Key) -> Self:
        """The model with the noise of one training step that all examples share, where a component has any."""
        ...

    def init(self, key: Key, examples: Array | None = None) -> Params:
        """Draw all parameters."""
        ...

    def encode(self, params: Params, x: Array) -> Any:
        """q(z|x) for one example."""
        ...

    def posterior_features(self, params: Params, x: Array) -> PyTree:
        """The arrays that q(z|x) is made of: what refinement moves."""
        ...

    def posterior_from(self, params: Params, features: PyTree) -> Any:
        """q(z|x) from its features; `encode` is this of those of x."""
        ...

    def decode(self, params: Params, z: PyTree) -> Any:
        """p(x|z) for one latent."""
        ...

    def sample_prior(self, params: Params, key: Key) -> PyTree:
        """One z ~ p(z)."""
        ...

    def draw(
        self,
        params: Params,
        key: Key,
        x: Array,
        *,
        posterior: SupportsSampleAndLogProb | None = None,
        detach_posterior: bool = False,
    ) -> Draw:
        """One z ~ q(z|x) and its terms."""
        ...

    def log_joint(self, params: Params, x: Array, z: PyTree) -> tuple[Array, Array]:
        """log p(x|z) and log p(z) at a given z, for one example."""
        ...

    @property
    def latent_space(self) -> Space:
        """Where z lies."""
        ...

    def enumerate(self, params: Params, x: Array) -> Draw:
        """Every z that q(z|x) gives a probability, and its terms, with a leading axis `[states]`."""
        ...
