"""InfoVAE and the Wasserstein autoencoder: a discrepancy of samples moves the aggregated posterior to the prior."""

from typing import Literal

from jaxvae.checks import check_choice, check_range
from jaxvae.keys import Purpose, keys_for
from jaxvae.model import Model
from jaxvae.objectives.autoencoder import ENCODERS, EncoderKind, WithoutDensity, code_of, codes_of_batch
from jaxvae.objectives.batch_means import over_examples
from jaxvae.objectives.batch_terms import WithDensity, draw_batch, finished, negative_elbo
from jaxvae.objectives.discrepancy import KERNELS, KernelKind, mmd
from jaxvae.objectives.schedules import Constant, Schedule
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params

_BANDWIDTHS = ("dimension", "median")


def prior_samples(model: Model, params: Params, keys: Key, x: Example) -> Array:
    """One z ~ p(z) for each example, or ~ p(z|c) for its condition, independent of its draw: `[batch, latent_dim]`."""
    sample = over_examples(model, lambda model, key, x, other: model.sample_prior(params, other))
    return sample(keys, x, keys_for(keys, Purpose.OTHER_DRAWS))


@dataclass
class InfoVAE(WithDensity):
    """The ELBO with part of its KL replaced by a discrepancy between the aggregated posterior and the prior.

    loss = −log p(x|z) + (1 − α) KL(q(z|x) ‖ p(z)) + (α + λ − 1) MMD²(q(z), p(z))

    With α = 1 it is the MMD-VAE, with α = 0 and λ = 1 minus the ELBO. MMD² is the unbiased estimate from the draws of
    the batch and the same number of draws from the prior (see `jaxvae.objectives.mmd`). Validation uses minus the first
    two terms, since the third belongs to no single example. For α > 0 the ELBO may fall while the loss improves. Zhao,
    Song and Ermon 2019, equation 6.

    Args:
        alpha: α ≤ 1, how much mutual information is preferred [nats per nat].
        lambda_: λ ≥ 1 − α, weight of the prior's fit [nats].
        kernel: rbf, inverse_multiquadratic or laplace.
        bandwidth: of the kernel [latent units]: a number > 0, `dimension` (√latent_dim) or `median` (of the distances).
        schedule: factor of the KL by step.

    Raises:
        UserError: for a number out of range or an unknown name.
    """

    alpha: float = 0.0
    lambda_: float = 10.0
    kernel: KernelKind = "rbf"
    bandwidth: float | Literal["dimension", "median"] = "dimension"
    schedule: Schedule = Constant()
    monitor = "bound"
    smallest_batch = 2

    def __post_init__(self) -> None:
        check_range(self, at_most=1.0, alpha=self.alpha)
        check_range(self, at_least=1.0 - self.alpha if isinstance(self.alpha, float) else 0.0, lambda_=self.lambda_)
        check_range(self, above=0.0, bandwidth=self.bandwidth)
        check_choice(self, KERNELS, kernel=self.kernel)
        check_choice(self, _BANDWIDTHS, bandwidth=self.bandwidth)

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        batch = draw_batch(self, model, params, keys, x, mask)
        others = prior_samples(model, params, keys, x)
        discrepancy = mmd(batch.draws.latents, others, mask, self.kernel, self.bandwidth)
        loss = negative_elbo(batch.metrics, self.schedule(step) * (1.0 - self.alpha))
        loss += (self.alpha + self.lambda_ - 1.0) * discrepancy
        return finished(loss, mask, {**self.summary(batch.metrics), "mmd": discrepancy})

    def summary(self, means: Metrics) -> Metrics:
        """With `bound`: minus the loss without its discrepancy. A low ELBO is not a fault if the KL costs less."""
        return {**means, "bound": -negative_elbo(means, 1.0 - self.alpha)}


@dataclass
class WAE(WithoutDensity):
    """The Wasserstein autoencoder with a discrepancy of samples: WAE-MMD.

    loss = −log p(x|z) + λ MMD²(q(z), p(z)),  z the code of x

    −log p(x|z) is the cost of a reconstruction. For a normal likelihood with a fixed scale σ it is the squared error /
    2σ² plus a constant. There is no KL, so no ELBO and no log p(x). Tolstikhin et al. 2018, algorithm 2.

    Args:
        lambda_: λ, weight of the discrepancy [nats].
        encoder: the code is `deterministic`, the posterior's mean, or `stochastic`, a draw of it.
        kernel: rbf, inverse_multiquadratic or laplace.
        bandwidth: of the kernel [latent units]: a number > 0, `dimension` (√latent_dim) or `median` (of the distances).

    Raises:
        UserError: for a number out of range or an unknown name.
    """

    lambda_: float = 10.0
    encoder: EncoderKind = "deterministic"
    kernel: KernelKind = "inverse_multiquadratic"
    bandwidth: float | Literal["dimension", "median"] = "dimension"
    smallest_batch = 2

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, lambda_=self.lambda_)
        check_range(self, above=0.0, bandwidth=self.bandwidth)
        check_choice(self, ENCODERS, encoder=self.encoder)
        check_choice(self, KERNELS, kernel=self.kernel)
        check_choice(self, _BANDWIDTHS, bandwidth=self.bandwidth)

    def code(self, model: Model, params: Params, key: Key, x: Array) -> Array:
        """The code of ONE example, `[latent_dim]`."""
        return code_of(self, self.encoder, model, model.encode(params, x), key)

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        del step
        codes, log_likelihood = codes_of_batch(self, self.encoder, model, params, keys, x, mask)
        discrepancy = mmd(codes, prior_samples(model, params, keys, x), mask, self.kernel, self.bandwidth)
        loss = -log_likelihood + self.lambda_ * discrepancy
        return finished(loss, mask, {"log_likelihood": log_likelihood, "mmd": discrepancy})
