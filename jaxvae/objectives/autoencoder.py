"""The plain autoencoder: the control that a VAE is compared with."""

from typing import ClassVar

from jaxvae.draw import Model
from jaxvae.objectives.objective import Bound
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params
from jaxvae.vae import mean_of


@dataclass
class Autoencoder(Bound):
    """Minimise the reconstruction term of a deterministic code, with no KL.

    loss = −log p(x | z = E[q(z|x)])

    No density of x belongs to it: it has no ELBO and no log p(x), and nothing to sample from.
    """

    monitor: ClassVar[str] = "log_likelihood"

    def bound(self, model: Model, params: Params, step: Array, key: Key, x: Array) -> tuple[Array, Metrics]:
        """log p(x|z) at the code of ONE example, nats."""
        del step
        scores = self.score(model, params, key, x)
        return scores["log_likelihood"], scores

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """log p(x|z) at the code of ONE example, nats."""
        del key
        code = mean_of(model.encode(params, x))
        return {"log_likelihood": model.decode(params, code).log_prob(x)}  # type: ignore[union-attr]
