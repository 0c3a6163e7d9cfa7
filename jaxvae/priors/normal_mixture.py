"""The prior that is a mixture of normals."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import Mixture, Normal
from jaxvae.distributions.transforms import inverse_positive, positive
from jaxvae.model import ModelParts
from jaxvae.posteriors.diagonal_normal import MIN_SCALE
from jaxvae.priors.prior import Prior
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params

_STARTS = 10  # of the fit to codes; the best is kept


@dataclass
class NormalMixture(Prior):
    """Mixture of normals with independent dimensions; weights, means and scales are learned.

    p(z) = Σ_k π_k Π_d N(z_d; loc_kd, scale_kd),  π = softmax(logits),  scale = 1e-4 + softplus(raw + c)

    softplus(c) = 1. It starts with equal weights, scales of 1 and means drawn from a standard normal. The MoG prior of
    Tomczak and Welling 2018, section 4. It is also the prior of VaDE (Jiang et al. 2017), whose clusters are its
    components: `jaxvae.evaluation.class_probs` gives p(k|z).

    Args:
        num_components: number of normals.
        start: `random`, or `codes`: in a run that starts from another (`init_from`), the mixture that fits the codes of
            the training examples best, by expectation and maximisation, best of 10 starts.

    Raises:
        UserError: for fewer than one component or an unknown name.
    """

    num_components: int = 10
    start: Literal["random", "codes"] = "random"

    def __post_init__(self) -> None:
        check_range(self, at_least=1, num_components=self.num_components)
        check_choice(self, ("random", "codes"), start=self.start)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """Logits `[num_components]`, means and raw scales `[num_components, latent_dim]`."""
        del examples
        shape = (self.num_components, model.latent_dim)
        return {
            "logits": jnp.zeros(self.num_components),
            "loc": jax.random.normal(key, shape),
            "raw_scale": jnp.zeros(shape),
        }

    @property
    def starts_at_codes(self) -> bool:
        """Whether that is the start."""
        return self.start == "codes"

    def started_at_codes(self, own: Params, codes: np.ndarray) -> Params:
        """The best mixture of the codes."""
        del own
        from sklearn.mixture import GaussianMixture

        fitted = GaussianMixture(self.num_components, covariance_type="diag", n_init=_STARTS, random_state=0).fit(codes)
        scale = jnp.maximum(jnp.asarray(np.sqrt(np.asarray(fitted.covariances_)), float), 2.0 * MIN_SCALE)
        return {
            "logits": jnp.log(jnp.asarray(fitted.weights_, float)),
            "loc": jnp.asarray(fitted.means_, float),
            "raw_scale": inverse_positive(scale, MIN_SCALE),
        }

    def distribution(self, model: ModelParts, params: Params) -> Mixture:
        """p(z) over `[latent_dim]`."""
        del model
        own = params["prior"]
        return Mixture(own["logits"], Normal(own["loc"], positive(own["raw_scale"], MIN_SCALE), event_ndim=1))
