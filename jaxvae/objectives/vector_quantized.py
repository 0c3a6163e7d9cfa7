"""The VQ-VAE's objective: quantised codes, a codebook that follows them, and a prior fitted to them."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.checks import check_range
from jaxvae.errors import UserError
from jaxvae.keys import Purpose, keys_for
from jaxvae.model import Model
from jaxvae.objectives.batch_terms import WithDensity, encoded
from jaxvae.objectives.elbo import elbo_terms
from jaxvae.objectives.objective import Bound
from jaxvae.observation import Example
from jaxvae.posteriors.codebook import code_counts
from jaxvae.posteriors.vector_quantized import VectorQuantized
from jaxvae.priors.codes import UniformCodes
from jaxvae.pytrees import dataclass
from jaxvae.typing import Array, Key, Metrics, Params


def perplexity(counts: Array) -> Array:
    """exp of the entropy of the codes' frequencies, `[*batch]`: K if all are used equally, 1 if only one is used.

    Args:
        counts: `[*batch, num_codes]`.

    >>> perplexity(jnp.array([[3.0, 3.0], [6.0, 0.0]])).tolist()
    [2.0, 1.0]
    """
    shares = counts / jnp.maximum(jnp.sum(counts, axis=-1, keepdims=True), 1.0)
    return jnp.exp(-jnp.sum(jax.scipy.special.xlogy(shares, shares), axis=-1))


@dataclass
class VQVAE(WithDensity, Bound):
    """Reconstruct from quantised codes, keep the encoder near them, and fit the prior to them.

    loss = −log p(x|z) + β ‖z_e − sg(z_q)‖² − log p(sg(z)),  z_q = Σ_l e_l shown to the decoder, z = [e_1; …; e_L]

    Terms are summed over dimensions and averaged over examples, so β means the same at every batch size. The gradient
    of the first term passes straight through z to z_e. The last term trains only the prior, for which codes are
    constants. The codebook follows moving averages (`VectorQuantized`). The reported ELBO is log p(x|z) + log p(z), a
    bound of log p(x) that a coder attains. van den Oord, Vinyals and Kavukcuoglu 2017, equation 3 and appendix A.1.

    Metrics of a batch, averaged over levels: `perplexity` of the codes, and `usage`, the share of codes that are used.

    Args:
        commitment: β [nats per squared latent unit].
        first_stage_steps: step from which only the prior is trained [steps]; encoder, codebook, decoder and likelihood
            then stay fixed, and validation scores count from there on. By default there is no second stage: the prior
            is fitted to the codes while they move.

    Raises:
        UserError: for a number out of range, or a model whose posterior is not VectorQuantized.
    """

    commitment: float = 0.25
    first_stage_steps: int | None = None

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, commitment=self.commitment)
        check_range(self, at_least=1, first_stage_steps=self.first_stage_steps)

    @property
    def warmup_steps(self) -> int:
        """The first step of the second stage [steps]."""
        return self.first_stage_steps or 0

    def check_run(self, num_steps: int, data_range: float) -> None:
        """Check that the run reaches its second stage."""
        del data_range
        if self.first_stage_steps is not None and self.first_stage_steps >= num_steps:
            raise UserError(
                f"VQVAE.first_stage_steps must be < {num_steps}, the steps of the run, got {self.first_stage_steps}, "
                f"so the second stage never begins: lower it, or raise `epochs`"
            )

    def check_model(self, model: Any) -> None:
        """Check that the model has a codebook."""
        _posterior_of(model)
        if self.first_stage_steps is not None and isinstance(model.prior, UniformCodes):
            raise UserError(
                "VQVAE.first_stage_steps needs a prior that is learned, got UniformCodes, which has nothing to train "
                "in the second stage: take `prior=AutoregressiveCodes()`"
            )

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """The value to maximise for ONE example, and its terms."""
        del step
        q = model.encode(params, x)
        terms = elbo_terms(model.draw(params, key, x, posterior=q))
        metrics = {"elbo": terms.value, "log_likelihood": terms.log_likelihood, "kl": terms.kl}
        return terms.value - self.commitment * q.commitment, {**metrics, "commitment": q.commitment}

    def loss(
        self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array
    ) -> tuple[Array, Metrics]:
        """Loss of the batch, nats per example."""
        num_codes = _posterior_of(model).num_codes
        loss, metrics = super().loss(model, params, keys, x, mask, step)
        counts = code_counts(encoded(model, params, keys, x), mask, num_codes)  # XLA shares the encoder with the bound
        usage = jnp.mean((counts > 0.0).astype(counts.dtype))
        return loss, {**metrics, "perplexity": jnp.mean(perplexity(counts)), "usage": usage}

    def update(self, model: Model, params: Params, keys: Key, x: Example, mask: Array, step: Array) -> Params:
        """The codebook after the step; it does not change in the second stage."""
        moved = _posterior_of(model).moved(params, encoded(model, params, keys, x), keys_for(keys, Purpose.CODES), mask)
        return jax.tree.map(lambda old, new: jnp.where(self._is_second_stage(step), old, new), params, moved)

    def moves(self, params: Params, component: str, step: Array) -> Array | bool:
        """In the second stage only the prior moves."""
        del params
        return component == "prior" or ~self._is_second_stage(step)

    def _is_second_stage(self, step: Array) -> Array:
        return jnp.asarray(False) if self.first_stage_steps is None else step >= self.first_stage_steps


def _posterior_of(model: Any) -> VectorQuantized:
    posterior = getattr(model, "posterior", None)
    if not isinstance(posterior, VectorQuantized):
        raise UserError(
            f"VQVAE needs the posterior VectorQuantized, got {type(posterior).__name__}: take "
            f"`posterior=VectorQuantized()` and `prior=UniformCodes()`"
        )
    return posterior
