"""Objectives that keep the rate KL(q(z|x) ‖ p(z)) above a minimum or at a target, against posterior collapse."""

from typing import Any, Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.draw import Draw
from jaxvae.errors import UserError
from jaxvae.model import Model
from jaxvae.objectives.batch_means import masked_mean, over_examples
from jaxvae.objectives.batch_terms import WithDensity, finished, negative_elbo
from jaxvae.objectives.elbo import elbo_terms
from jaxvae.objectives.schedules import Constant, Linear, Schedule
from jaxvae.objectives.score_function import with_score
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


def _batch_terms(
    model: Model, params: Params, keys: Key, x: Example, mask: Array
) -> tuple[Draw, Array, Array, Metrics]:
    """The draws of a batch, the means of log p(x|z) and of the KL over the examples that count, and the metrics."""
    draws = over_examples(model, lambda model, key, x: _with_score(model.draw(params, key, x)))(keys, x)
    terms = jax.vmap(elbo_terms)(draws)
    means = jax.tree.map(lambda values: masked_mean(values, mask), terms)
    metrics = {"elbo": means.value, "log_likelihood": means.log_likelihood, "kl": means.kl}
    return draws, means.log_likelihood, means.kl, metrics


def _with_score(draw: Draw) -> Draw:
    """The same terms, each with its score-function gradient where z passes none."""
    dimensions = draw.kl_dimensions
    return draw._replace(
        log_likelihood=with_score(draw.log_likelihood, draw.score),
        kl=with_score(draw.kl, jnp.expand_dims(draw.score, 0), jnp.expand_dims(draw.exact_kl, 0)),
        kl_dimensions=None if dimensions is None else with_score(dimensions, jnp.expand_dims(draw.score, 0)),
    )


@dataclass
class FreeBits(WithDensity):
    """The ELBO in which a rate below a minimum costs nothing, so that every group keeps some information.

    loss = −E[log p(x|z)] + schedule(step) · Σ_g max(λ, E_batch[KL_g]). The maximum is taken of the mean over the batch,
    not of each example: an example may use less if others use more. Validation uses minus the loss, with the mean over
    all examples, because a model that collapsed early may have the better ELBO. Kingma et al. 2016, equation 15.

    Args:
        nats: λ, the free rate of each group [nats].
        group: `dimension`: each latent dimension, for posteriors and priors with independent dimensions. `level`: each
            level of latents, which in a VAE is all dimensions together.
        group_size: consecutive latent dimensions of a group, if groups are of dimensions.
        schedule: factor of the KL by step.

    Raises:
        UserError: for a negative rate, an unknown group, dimensions that are not independent, or a group size that does
            not divide their number.
    """

    nats: float = 0.25
    group: Literal["dimension", "level"] = "dimension"
    group_size: int = 1
    schedule: Schedule = Constant()
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, nats=self.nats)
        check_choice(self, ("dimension", "level"), group=self.group)
        check_range(self, at_least=1, group_size=self.group_size)
        if self.group == "level" and self.group_size != 1:
            raise UserError(
                f"FreeBits.group_size is for groups of dimensions, got {self.group_size} with the group level: leave "
                f"one of them out"
            )

    def check_model(self, model: Any) -> None:
        """Check that all groups have the same size."""
        super().check_model(model)
        latent_dim = getattr(model, "latent_dim", self.group_size)
        if latent_dim % self.group_size:
            fitting = ", ".join(str(size) for size in range(1, latent_dim + 1) if latent_dim % size == 0)
            raise UserError(
                f"FreeBits.group_size must divide latent_dim {latent_dim}, got {self.group_size}: take one of {fitting}"
            )

    def _groups(self, draw: Draw) -> Array:
        """The KL of each group for ONE example, `[groups]`."""
        if self.group == "level":
            return draw.kl
        if draw.kl_dimensions is None:
            raise UserError(
                "FreeBits.group dimension needs a posterior and a prior with independent dimensions, as DiagonalNormal "
                "and StandardNormal have: use `objective.group='level'`"
            )
        return jnp.sum(draw.kl_dimensions.reshape(-1, self.group_size), axis=1)

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        draws, log_likelihood, _, metrics = _batch_terms(model, params, keys, x, mask)
        rates = masked_mean(jax.vmap(self._groups)(draws), mask)  # [groups]
        cost = self._cost(rates)
        metrics = {**metrics, "bound": log_likelihood - cost}
        return finished(-log_likelihood + self.schedule(step) * cost, mask, metrics)

    def _cost(self, rates: Array) -> Array:
        """Σ_g max(λ, rate of g), nats, `[]`."""
        return jnp.sum(jnp.maximum(self.nats, rates))

    def score(self, model: Model, params: Params, key: Key, x: Array) -> Metrics:
        """The true ELBO of ONE example and its terms, nats, and the KL of each group, `[groups]`."""
        draw = model.draw(params, key, x)
        value, log_likelihood, kl = elbo_terms(draw)
        return {"elbo": value, "log_likelihood": log_likelihood, "kl": kl, "kl_groups": self._groups(draw)}

    def summary(self, means: Metrics) -> Metrics:
        """The means of the ELBO and its terms, and `bound`: minus the loss of all examples, with the schedule at 1."""
        scores = {name: mean for name, mean in means.items() if name != "kl_groups"}
        return {**scores, "bound": means["log_likelihood"] - self._cost(means["kl_groups"])}


@dataclass
class Capacity(WithDensity):
    """Hold the rate at a capacity that grows with training.

    loss = −E[log p(x|z)] + γ |E_batch[KL] − C · schedule(step)|. Validation uses minus the loss at C. Burgess et al.
    2018, equation 8, take C = 25 and γ = 1,000 for millions of steps. In short runs choose γ near the distortion that a
    nat of rate saves. A much larger γ drowns the distortion's gradient, since Adam divides by the size of both: the
    rate then stays at C without describing x.

    Args:
        capacity: C, the rate at the end of the schedule [nats].
        gamma: γ, the price of missing it [nats per nat]; it holds the rate as long as a nat saves less distortion than
            γ.
        schedule: factor of C by step; by default it is 1 from seven tenths of the run on. If the capacity grows faster
            than the decoder learns to read z, it is filled with noise.

    Raises:
        UserError: for a negative number.
    """

    capacity: float = 5.0
    gamma: float = 10.0
    schedule: Schedule = Linear(share=0.7)
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, capacity=self.capacity, gamma=self.gamma)

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        _, log_likelihood, rate, metrics = _batch_terms(model, params, keys, x, mask)
        capacity = self.capacity * self.schedule(step)
        loss = -log_likelihood + self.gamma * jnp.abs(rate - capacity)
        return finished(loss, mask, {**self.summary(metrics), "capacity": capacity})

    def summary(self, means: Metrics) -> Metrics:
        """With `bound`: minus the loss at the capacity C."""
        return {**means, "bound": means["log_likelihood"] - self.gamma * jnp.abs(means["kl"] - self.capacity)}


@dataclass
class MinimumRate(WithDensity):
    """The ELBO with a penalty on a mean rate below a minimum δ.

    loss = −E[log p(x|z)] + schedule(step) · KL + γ max(0, δ − E_batch[KL])

    Free bits have no gradient below δ; this penalty pushes the rate up to δ. Validation uses minus the loss. The idea
    is the committed rate of Razavi et al. 2019, section 2, who build it into the posterior's family.

    Args:
        rate: δ [nats].
        gamma: γ [nats per nat]; above 1 the rate reaches δ.
        schedule: factor of the KL by step; the penalty has its full weight from the start.

    Raises:
        UserError: for a negative number.
    """

    rate: float = 5.0
    gamma: float = 2.0
    schedule: Schedule = Constant()
    monitor = "bound"

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, rate=self.rate, gamma=self.gamma)

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        *_, metrics = _batch_terms(model, params, keys, x, mask)
        return finished(self._loss(metrics, self.schedule(step)), mask, self.summary(metrics))

    def _loss(self, means: Metrics, kl_weight: Array | float) -> Array:
        return negative_elbo(means, kl_weight) + self.gamma * jnp.maximum(0.0, self.rate - means["kl"])

    def summary(self, means: Metrics) -> Metrics:
        """With `bound`: minus the loss of all examples, the schedule at 1."""
        return {**means, "bound": -self._loss(means, 1.0)}


@dataclass
class GECO(WithDensity):
    """Meet a constraint on the distortion or on the rate, with a multiplier that is learned.

    rate:        loss = D + λ (KL − target)
    distortion:  loss = KL + λ (D − target),  D = −E[log p(x|z)]
    C̄ ← decay · C̄ + (1 − decay) C,  λ ← λ exp(speed · C̄),  C = KL − target or D − target

    So λ grows while the constraint is missed and falls once it is met. Rezende and Viola 2018, algorithm 1. A step uses
    the current multiplier and updates C̄ afterwards. As the multiplier moves, the loss means something else in each
    epoch. Validation therefore uses minus the cost, less 10 nats for each nat by which the constraint is missed.

    Args:
        target: largest allowed value of the constrained term [nats].
        constrain: `rate` (KL), where a few nats suit any data; or `distortion` (−log p(x|z)) as in the paper. A target
            of the distortion depends on the data and their units: one that is out of reach turns the model into an
            autoencoder.
        speed: of the multiplier [1 per nat and step].
        decay: of the moving average of the constraint [per step].

    Raises:
        UserError: for a number out of range or an unknown name.
    """

    target: float = 5.0
    constrain: Literal["distortion", "rate"] = "rate"
    speed: float = 1e-3
    decay: float = 0.99

    monitor = "bound"

    _PRICE = 10.0  # nats per nat: above the multiplier that meets any target but extreme ones
    _LARGEST_LOG_MULTIPLIER = 12.0  # λ within e^±12: a constraint that cannot be met must not overflow

    def __post_init__(self) -> None:
        check_choice(self, ("distortion", "rate"), constrain=self.constrain)
        if self.constrain == "rate":
            check_range(self, at_least=0.0, target=self.target)
        check_range(self, above=0.0, speed=self.speed)
        check_range(self, at_least=0.0, below=1.0, decay=self.decay)

    def init(self, key: Key, model: Model, examples: Array | None) -> Params:
        """The multiplier's logarithm and the average of the constraint, `[]` each, both 0."""
        del key, model, examples
        return {"fixed": {"log_multiplier": jnp.zeros(()), "average": jnp.zeros(())}}

    def _constraint(self, log_likelihood: Array, rate: Array) -> Array:
        return (-log_likelihood if self.constrain == "distortion" else rate) - self.target

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        del step
        _, log_likelihood, rate, metrics = _batch_terms(model, params, keys, x, mask)
        multiplier = jnp.exp(jax.lax.stop_gradient(params["objective"]["fixed"]["log_multiplier"]))
        cost = rate if self.constrain == "distortion" else -log_likelihood
        loss = cost + multiplier * self._constraint(log_likelihood, rate)
        return finished(loss, mask, {**self.summary(metrics), "multiplier": multiplier})

    def summary(self, means: Metrics) -> Metrics:
        """With `bound`: minus the cost, less a price for missing the constraint."""
        log_likelihood, rate = means["log_likelihood"], means["kl"]
        cost = rate if self.constrain == "distortion" else -log_likelihood
        missed = jnp.maximum(0.0, self._constraint(log_likelihood, rate))
        return {**means, "bound": -cost - self._PRICE * missed}

    def update(self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array) -> Params:
        """The multiplier after the step."""
        del step
        _, log_likelihood, rate, _ = _batch_terms(model, params, keys, x, mask)
        fixed = params["objective"]["fixed"]
        constraint = self._constraint(log_likelihood, rate)
        average = self.decay * fixed["average"] + (1.0 - self.decay) * constraint
        bound = self._LARGEST_LOG_MULTIPLIER
        log_multiplier = jnp.clip(fixed["log_multiplier"] + self.speed * average, -bound, bound)
        return {**params, "objective": {"fixed": {"log_multiplier": log_multiplier, "average": average}}}
