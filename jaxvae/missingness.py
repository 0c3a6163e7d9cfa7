"""Why entries are missing: a model of which entries were seen, for data that are not missing at random."""

import abc
from typing import Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice
from jaxvae.distributions import is_reparameterized
from jaxvae.errors import UserError
from jaxvae.likelihoods.units import in_units, units_of
from jaxvae.model import ModelParts
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Params, Shape


class Missingness(abc.ABC):
    """A model p(s|x) of which entries s of a complete example x were seen.

    With it log p(x_observed, s) = log ∫∫ p(s|x) p(x|z) p(z) dz dx_hidden, where a draw of the hidden entries comes from
    p(x|z). Without it what is missing must not depend on the hidden values (missing at random). Ipsen, Mattei and
    Frellsen 2021, equation 7.
    """

    def check_model(self, model: ModelParts) -> None:
        """Check that the hidden entries, which the likelihood draws, can learn from this; called when a model is built.

        Raises:
            UserError: for a likelihood whose draws pass no gradient.
        """
        if not _passes_gradient(model):
            raise UserError(
                f"VAE.missingness needs a likelihood whose draws pass a gradient, got "
                f"{type(model.likelihood).__name__}: take `likelihood=Normal()` or `likelihood=StudentT()`"
            )

    @abc.abstractmethod
    def init(self, data_shape: Shape, examples: Array | None) -> Params:
        """Draw its parameters, kept in `params["missingness"]`."""

    @abc.abstractmethod
    def log_prob(self, params: Params, x: Array, observed: Array) -> Array:
        """log p(s|x) of the mask of ONE complete example, nats, `[]`; its parameters in `params["missingness"]`."""


@dataclass
class SelfMasking(Missingness):
    """Each entry is hidden with a probability that depends on its own value alone.

    p(s|x) = Π_d sigmoid(l_d)^(s_d) sigmoid(−l_d)^(1 − s_d),  l_d = −w_d (u_d − b_d),  u = (x − mean) / spread

    s_d = 1 where x_d was seen; w and b are learned, one of each an entry. Ipsen, Mattei and Frellsen 2021, section 4.

    Args:
        hides: which values tend to be hidden: `large` (w > 0), `small` (w < 0), or `either`: the sign is learned.

    Raises:
        UserError: for an unknown name.
    """

    hides: Literal["large", "small", "either"] = "either"

    def __post_init__(self) -> None:
        check_choice(self, ("large", "small", "either"), hides=self.hides)

    def init(self, data_shape: Shape, examples: Array | None) -> Params:
        """The raw slopes and the thresholds, `data_shape`, and the units of the training examples."""
        return {
            "raw_slope": jnp.zeros(data_shape),
            "threshold": jnp.zeros(data_shape),
            **units_of(examples, data_shape),
        }

    def log_prob(self, params: Params, x: Array, observed: Array) -> Array:
        """log p(s|x), nats, `[]`."""
        own = params["missingness"]
        raw = own["raw_slope"]
        slope = {"large": jax.nn.softplus(raw), "small": -jax.nn.softplus(raw), "either": raw}[self.hides]
        logits = -slope * (in_units(own, x) - own["threshold"])
        return jnp.sum(jax.nn.log_sigmoid(jnp.where(observed, logits, -logits)))


def _passes_gradient(model: ModelParts) -> bool:
    """Whether the draws of the model's likelihood pass a gradient; its distribution is traced, and nothing runs."""
    found: list[bool] = []

    def look(key: Key) -> Array:
        own = {"likelihood": model.likelihood.init(key, model, None)}
        outputs = jnp.zeros(model.likelihood.parameter_shape(model))
        found.append(is_reparameterized(model.likelihood.distribution(model, own, outputs)))
        return outputs

    jax.eval_shape(look, jax.random.key(0))
    return found[0]
