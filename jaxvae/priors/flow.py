"""Priors that carry another prior through a stack of bijectors."""

import dataclasses
from typing import Any, Self

import jax
import jax.numpy as jnp

from jaxvae.bijectors import AffineCoupling, Bijector, Repeat
from jaxvae.checks import check_component, check_range
from jaxvae.distributions.distribution import SupportsSampleAndLogProb
from jaxvae.distributions.transformed import Transformed
from jaxvae.errors import UserError
from jaxvae.model import ModelParts
from jaxvae.observation import Example
from jaxvae.priors.prior import Figure, Prior
from jaxvae.priors.standard_normal import StandardNormal
from jaxvae.pytrees import dataclass
from jaxvae.spaces import REAL
from jaxvae.typing import Array, Key, Params

_CONTEXT_SCALE = 0.1  # standard deviation of new contexts: nearly the identity, but with gradients that do not vanish


@dataclass
class Flow(Prior):
    """A normalising flow: z = f_L(… f_1(z₀)), z₀ ~ base, with bijectors that are learned.

    log p(z) = log base(z₀) − Σ_l log |det ∂f_l/∂z_{l−1}|

    Each training step needs densities at given z: one pass of couplings and MAF, but one pass for each dimension with
    IAF. Dinh et al. 2017; Papamakarios et al. 2017. Chen et al. 2017 (Variational Lossy Autoencoder), section 3.2,
    learn such a prior.

    Args:
        bijector: the map of one layer; every second layer sees the dimensions in reverse order.
        num_layers: L [layers].
        base: the prior to start from.

    Raises:
        UserError: for less than one layer, or a base that is not a prior over real vectors, or starts at codes.
    """

    bijector: Bijector = AffineCoupling()
    num_layers: int = 6
    base: Prior = StandardNormal()

    def __post_init__(self) -> None:
        check_component(self, Bijector, bijector=self.bijector)
        check_component(self, Prior, base=self.base)
        check_range(self, at_least=1, num_layers=self.num_layers)
        if not REAL.fits(self.base.space):
            raise UserError(
                f"Flow.base must be a prior over {REAL}, got {type(self.base).__name__} over {self.base.space}: "
                f"take `prior.base=StandardNormal()`"
            )
        if self.base.starts_at_codes:
            raise UserError(
                f"Flow.base must not start at codes, which are those of the whole flow, got "
                f"{type(self.base).__name__} that does: leave out `prior.base.start`"
            )

    def at_step(self, step: Array) -> Self:
        """This flow with its base at a training step."""
        return dataclasses.replace(self, base=self.base.at_step(step))

    def for_training(self, key: Key) -> Self:
        """This flow with the noise of its base for one training step."""
        return dataclasses.replace(self, base=self.base.for_training(key))

    def report(self, model: ModelParts, params: Params) -> dict[str, Figure]:
        """What the base reports."""
        return self.base.report(model, _for_base(params))

    @property
    def _layers(self) -> Repeat:
        return Repeat(self.bijector, self.num_layers)

    def init(self, key: Key, model: ModelParts, examples: Array | None) -> Params:
        """The base's own parameters, the weights of the bijectors, and their contexts if they have any."""
        base_key, weights_key, context_key = jax.random.split(key, 3)
        params: dict[str, Any] = {"weights": self._layers.init(weights_key, model.latent_dim, 0)}
        params["base"] = self.base.init(base_key, model, examples)
        if size := self._layers.context_size(model.latent_dim, 0):
            params["context"] = _CONTEXT_SCALE * jax.random.normal(context_key, (size,))
        return params

    def _transformed(self, base: SupportsSampleAndLogProb, params: Params) -> Transformed:
        own = params["prior"]
        return Transformed(base, self._layers, {"weights": own["weights"], "context": own.get("context", jnp.zeros(0))})

    def distribution(self, model: ModelParts, params: Params) -> Transformed:
        """p(z) over `[latent_dim]`."""
        base = self.base.distribution(model, _for_base(params))
        return self._transformed(base, params)

    def given(self, model: ModelParts, params: Params, x: Example) -> Transformed:
        """p(z) with the base as the terms of example `x` use it."""
        base = self.base.given(model, _for_base(params), x)
        return self._transformed(base, params)


def _for_base(params: Params) -> Params:
    """The parameters as the base expects them."""
    return {**params, "prior": params["prior"]["base"]}
