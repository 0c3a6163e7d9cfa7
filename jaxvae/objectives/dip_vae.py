"""DIP-VAE: the covariance of the aggregated posterior is kept near the identity."""

from typing import Any, Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import MultivariateNormal, Normal
from jaxvae.model import Model
from jaxvae.objectives.batch_means import masked_mean
from jaxvae.objectives.batch_terms import WithDensity, draw_batch, finished, negative_elbo
from jaxvae.objectives.requirements import check_posterior, mean_of_posterior
from jaxvae.objectives.schedules import Constant, Schedule
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params

_KINDS = ("i", "ii")


def covariance(values: Array, mask: Array) -> Array:
    """The covariance of the members that count, 1/n Σ (v − v̄)(v − v̄)ᵀ: `[batch, D]` to `[D, D]`.

    >>> covariance(jnp.array([[1.0, 0.0], [3.0, 4.0], [9.0, 9.0]]), jnp.array([True, True, False])).tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    centred = values - masked_mean(values, mask)[None]
    return masked_mean(centred[:, :, None] * centred[:, None, :], mask)


def _posterior_covariance(q: Normal | MultivariateNormal) -> Array:
    """The covariance of q(z|x) for ONE example, `[D, D]`."""
    return jnp.diag(q.scale**2) if isinstance(q, Normal) else q.scale_tril @ q.scale_tril.T


def _has_covariance(q: Any) -> bool:
    return isinstance(q, (Normal, MultivariateNormal))


@dataclass
class DIPVAE(WithDensity):
    """The ELBO with a penalty that moves the covariance C of the codes towards the identity.

    loss = −ELBO + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)²
    kind i:  C = Cov_x[E q(z|x)];   kind ii:  C = Cov_q(z)[z] = E_x[Cov q(z|x)] + Cov_x[E q(z|x)]

    Both over the examples of the batch that count. Kumar, Sattigeri and Balakrishnan 2018, equations 5 to 7.

    Args:
        kind: i (DIP-VAE-I) or ii (DIP-VAE-II).
        lambda_od: λ_od, weight of the entries off the diagonal [nats].
        lambda_d: λ_d, weight of the diagonal [nats].
        schedule: factor of the KL by step.

    Raises:
        UserError: for a negative weight, an unknown kind, or a posterior without closed-form covariance for kind ii.
    """

    kind: Literal["i", "ii"] = "i"
    lambda_od: float = 10.0
    lambda_d: float = 100.0
    schedule: Schedule = Constant()
    smallest_batch = 2

    def __post_init__(self) -> None:
        check_choice(self, _KINDS, kind=self.kind)
        check_range(self, at_least=0.0, lambda_od=self.lambda_od, lambda_d=self.lambda_d)

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        batch = draw_batch(self, model, params, keys, x, mask)
        means = jax.vmap(lambda q: mean_of_posterior(self, model, q))(batch.posteriors)
        matrix = covariance(means, mask)
        if self.kind == "ii":
            needed, fix = "a posterior with a covariance in closed form", "`objective.kind='i'`"
            check_posterior("DIPVAE.kind ii", needed, _has_covariance, model, batch.posteriors, fix=fix)
            matrix += masked_mean(jax.vmap(_posterior_covariance)(batch.posteriors), mask)
        diagonal = jnp.diagonal(matrix)
        off_diagonal = jnp.sum((matrix - jnp.diag(diagonal)) ** 2)
        penalty = self.lambda_od * off_diagonal + self.lambda_d * jnp.sum((diagonal - 1.0) ** 2)
        return finished(
            negative_elbo(batch.metrics, self.schedule(step)) + penalty, mask, {**batch.metrics, "penalty": penalty}
        )
