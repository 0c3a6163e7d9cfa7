"""β-TCVAE: the KL split into three parts, and estimates of the aggregated posterior's density from a batch."""

import dataclasses
import math
from typing import Any, Literal, Self

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import per_dimension
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.objectives.batch_means import masked_mean
from jaxvae.objectives.batch_terms import WithDensity, draw_batch, finished
from jaxvae.objectives.requirements import check_posterior, has_independent_dimensions
from jaxvae.objectives.schedules import Constant, Schedule
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params

AggregateEstimator = Literal["weighted", "stratified"]
_ESTIMATORS = ("weighted", "stratified")


def log_weights(mask: Array, dataset_size: int, estimator: AggregateEstimator) -> Array:
    """log of the weight of q(z_i|x_j) in the estimate of q(z_i) from a batch of B examples, `[batch (i), batch (j)]`.

    weighted:    1 / (N B) for every j (Chen et al. 2018, appendix C.1)
    stratified:  1 / N for j = i, (N − 1) / (N (B − 1)) for the others (appendix C.2)

    The appendix's stratified weights single out one of the other examples. Ours are their mean over which one it is:
    still unbiased, with less variance. The appendix's B is here B − 1. Padding has no weight.

    Args:
        mask: which examples count, `[batch]` bool; B of them.
        dataset_size: N [examples].
        estimator: weighted or stratified.

    Example:
        >>> weights = jnp.exp(log_weights(jnp.array([True, True, False]), 10, "stratified"))
        >>> (100.0 * weights).round().tolist()  # percent
        [[10.0, 90.0, 0.0], [90.0, 10.0, 0.0], [90.0, 90.0, 10.0]]
    """
    count = jnp.sum(mask).astype(float)
    own = jnp.eye(mask.shape[0], dtype=bool)
    if estimator == "weighted":
        weights = jnp.full(own.shape, -math.log(dataset_size)) - jnp.log(jnp.maximum(count, 1.0))
    else:
        others = math.log((dataset_size - 1) / dataset_size) - jnp.log(jnp.maximum(count - 1.0, 1.0))
        weights = jnp.where(own, -math.log(dataset_size), others)
    return jnp.where(own | mask[None, :], weights, -jnp.inf)  # padding weighs itself: its row is finite, and not used


def log_aggregate(
    posteriors: Any, z: Array, mask: Array, dataset_size: int, estimator: AggregateEstimator
) -> tuple[Array, Array]:
    """Estimates of log q(z_i) and of log q(z_id), d = 1 … D, where q(z) = 1/N Σ_n q(z|x_n), nats.

    log q(z_i) ≈ log Σ_j w_ij Π_d q(z_id|x_j),   log q(z_id) ≈ log Σ_j w_ij q(z_id|x_j)

    The same weight is used for all dimensions together and for each alone. The logarithm of an unbiased estimate is
    biased. `weighted` is too low by log B if z can only come from its own x, and by up to log N if many examples could
    give it.

    Args:
        posteriors: q(z|x_j), a batched distribution with independent dimensions.
        z: z_i ~ q(z|x_i), `[batch, latent_dim]`.
        mask: `[batch]` bool.
        dataset_size: N [examples].
        estimator: of the weights w; see `log_weights`.

    Returns:
        `[batch]` and `[batch, latent_dim]`.

    Raises:
        UserError: if the posterior's dimensions are not independent.
    """
    dimensions = per_dimension(posteriors)
    if dimensions is None:
        raise UserError(
            f"log_aggregate needs posteriors with independent dimensions, got {type(posteriors).__name__}: "
            f"take another posterior"
        )
    each = jax.vmap(lambda value: jax.vmap(lambda q: q.log_prob(value))(dimensions))(z)  # [i, j, d]
    weights = log_weights(mask, dataset_size, estimator).astype(z.dtype)
    joint = logsumexp(weights + jnp.sum(each, axis=-1), axis=1)
    return joint, logsumexp(weights[:, :, None] + each, axis=1)


@dataclass
class BetaTCVAE(WithDensity):
    """The ELBO with its KL split into three weighted parts.

    loss = −log p(x|z) + α I(x; z) + β TC + γ Σ_d KL(q(z_d) ‖ p(z_d))
    I(x; z) = E[log q(z|x) − log q(z)],  TC = E[log q(z) − Σ_d log q(z_d)] = KL(q(z) ‖ Π_d q(z_d))

    q(z) = 1/N Σ_n q(z|x_n) is the aggregated posterior, estimated from the batch. With α = β = γ = 1 the loss is minus
    the sampled ELBO. Chen et al. 2018, equation 4 and appendix C. For a prior whose dimensions depend on each other the
    last term is E[Σ_d log q(z_d) − log p(z)]. The metrics `mutual_information`, `total_correlation` and `dimension_kl`
    are the estimates in the loss, with their bias (see `log_aggregate`).

    Args:
        alpha: α, weight of the mutual information [nats per nat].
        beta: β, weight of the total correlation [nats per nat].
        gamma: γ, weight of the KL of each dimension [nats per nat].
        estimator: of q(z): weighted or stratified (minibatch-weighted and minibatch-stratified sampling).
        dataset_size: N, the size of the training set [examples]; by default that of the run's training set.
        schedule: factor of α, β and γ by step.

    Raises:
        UserError: for a negative weight, an unknown estimator, a data set of one example, or a posterior whose
            dimensions are not independent.
    """

    alpha: float = 1.0
    beta: float = 6.0
    gamma: float = 1.0
    estimator: AggregateEstimator = "stratified"
    dataset_size: int | None = None
    schedule: Schedule = Constant()
    smallest_batch = 2

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, alpha=self.alpha, beta=self.beta, gamma=self.gamma)
        check_choice(self, _ESTIMATORS, estimator=self.estimator)
        check_range(self, at_least=2, dataset_size=self.dataset_size)

    def for_run(self, num_examples: int, num_steps: int) -> Self:
        """As for every objective, and with N if it was not given."""
        resolved = super().for_run(num_examples, num_steps)
        if resolved.dataset_size is not None:
            return resolved
        return dataclasses.replace(resolved, dataset_size=num_examples)

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        if self.dataset_size is None:
            raise UserError(
                "BetaTCVAE.dataset_size is needed outside of training: give the number of training examples, "
                "BetaTCVAE(dataset_size=60000)"
            )
        batch = draw_batch(self, model, params, keys, x, mask)
        needed = "a posterior with independent dimensions"
        check_posterior("BetaTCVAE", needed, has_independent_dimensions, model, batch.posteriors)
        log_joint, log_each = log_aggregate(
            batch.posteriors, batch.draws.latents, mask, self.dataset_size, self.estimator
        )
        log_product = jnp.sum(log_each, axis=-1)
        information = masked_mean(batch.draws.log_posterior - log_joint, mask)
        correlation = masked_mean(log_joint - log_product, mask)
        dimension_kl = masked_mean(log_product - batch.draws.log_prior, mask)
        loss = -batch.metrics["log_likelihood"]
        parts_of_kl = self.alpha * information + self.beta * correlation + self.gamma * dimension_kl
        loss += self.schedule(step) * parts_of_kl
        parts = {"mutual_information": information, "total_correlation": correlation, "dimension_kl": dimension_kl}
        return finished(loss, mask, {**batch.metrics, **parts})
