"""The regularised autoencoder: a deterministic code, and a smooth decoder instead of noise."""

from typing import Any, Literal

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.distributions import mean_of
from jaxvae.model import Model
from jaxvae.objectives.autoencoder import WithoutDensity
from jaxvae.objectives.objective import Bound
from jaxvae.objectives.requirements import mean_of_posterior
from jaxvae.pytrees import dataclass, learned_leaves
from jaxvae.typing import Array, Key, Metrics, Params, PyTree

_PENALTIES = ("l2", "gradient", "spectral", "none")
_POWER_ITERATIONS = 5  # from a fixed start in every step: within a few percent unless two singular values are as close


def weight_decay(params: PyTree) -> Array:
    """‖θ‖²: the sum of squares of all learned numbers, `[]`."""
    return sum((jnp.sum(leaf**2) for leaf in learned_leaves(params)), start=jnp.zeros(()))


def spectral_penalty(params: PyTree) -> Array:
    """Σ_l σ_1(W_l)², `[]`: W_l are the arrays of two axes or more, as matrices to their last axis.

    The largest singular value is found by 5 power iterations, u ← W v, v ← Wᵀ u. The vectors are constants, so the
    gradient is 2 σ_1 u vᵀ. Yoshida and Miyato 2017, equation 4 and algorithm 1; Miyato et al. 2018, appendix A.
    """
    total = jnp.zeros(())
    for leaf in learned_leaves(params):
        if leaf.ndim >= 2:
            total += _largest_singular_value(leaf.reshape(-1, leaf.shape[-1])) ** 2
    return total


def _largest_singular_value(matrix: Array) -> Array:
    tiny = jnp.finfo(matrix.dtype).tiny  # of a matrix of zeros the value is 0
    constant = jax.lax.stop_gradient(matrix)
    v = jax.random.normal(jax.random.key(0), matrix.shape[1:], matrix.dtype)  # a fixed start: no state to carry

    def step(v: Array) -> tuple[Array, Array]:
        u = constant @ v
        u = u / jnp.maximum(jnp.linalg.norm(u), tiny)
        v = u @ constant
        return u, v / jnp.maximum(jnp.linalg.norm(v), tiny)

    u = jnp.zeros(matrix.shape[:1], matrix.dtype)
    for _ in range(_POWER_ITERATIONS):
        u, v = step(v)
    return u @ matrix @ v


@dataclass
class RAE(WithoutDensity, Bound):
    """The regularised autoencoder.

    loss = −log p(x|z) + β ½ ‖z‖² + λ R,  z = E[q(z|x)] the code of x

    R by `penalty`, θ the decoder's parameters and g(z) = E[x|z]:

    - l2: ‖θ‖²
    - gradient: ‖∂g/∂z‖² (Frobenius), estimated without bias as ‖∂g/∂z v‖² with one vector v of random signs
    - spectral: Σ_l σ_1(W_l)², the squared largest singular values of the decoder's weights. The paper divides the
    weights by them, which would be another network; here they have a price instead
    - none: nothing

    −log p(x|z) is the cost of a reconstruction. For a normal likelihood with a fixed scale σ it is the squared error /
    2σ² plus a constant. There is no KL, so no ELBO and no log p(x). Ghosh et al. 2020, section 3.

    Args:
        penalty: l2, gradient, spectral or none.
        beta: β, weight of the code's norm [nats per squared latent unit].
        weight: λ, weight of the decoder's penalty [nats per unit of R].

    Raises:
        UserError: for a negative weight or an unknown penalty.
    """

    penalty: Literal["l2", "gradient", "spectral", "none"] = "l2"
    beta: float = 0.1
    weight: float = 1e-3

    def __post_init__(self) -> None:
        check_choice(self, _PENALTIES, penalty=self.penalty)
        check_range(self, at_least=0.0, beta=self.beta, weight=self.weight)

    def _penalty(self, model: Model, params: Params, key: Key, z: Array) -> Array:
        """R for the code of ONE example, `[]`."""
        if self.penalty == "gradient":
            signs = jax.random.rademacher(key, z.shape, z.dtype)
            _, directional = jax.jvp(lambda z: mean_of(model.decode(params, z)), (z,), (signs,))
            return jnp.sum(directional**2)
        penalties: dict[str, Any] = {"l2": weight_decay, "spectral": spectral_penalty}
        return penalties[self.penalty](params["decoder"]) if self.penalty in penalties else jnp.zeros(())

    def bound(self, model: Model, params: Params, key: Key, x: Array, step: Array) -> tuple[Array, Metrics]:
        """Minus the loss of ONE example, and its terms."""
        del step
        z = mean_of_posterior(self, model, model.encode(params, x))
        log_likelihood = model.log_likelihood(params, key, x, z)
        norm, penalty = 0.5 * jnp.sum(z**2), self._penalty(model, params, key, z)
        value = log_likelihood - self.beta * norm - self.weight * penalty
        return value, {"log_likelihood": log_likelihood, "code_norm": norm, "penalty": penalty}
