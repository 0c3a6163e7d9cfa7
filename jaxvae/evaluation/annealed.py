"""Annealed importance sampling, forwards and backwards: log p(x) from below and from above."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from jaxvae.checks import check_choice, check_range
from jaxvae.errors import UserError
from jaxvae.fast import standard_normal
from jaxvae.model import Model
from jaxvae.numerics import error_of_log_mean_exp, log_mean_exp
from jaxvae.observation import Example
from jaxvae.pytrees import dataclass
from jaxvae.spaces import REAL
from jaxvae.typing import Array, Key, Params

_SHARPNESS = 4.0  # of the temperatures' logistic curve: Wu et al. 2017, appendix
_WANTED_ACCEPTANCE = 0.65  # for HMC: Neal 2011, section 4.4
_ADAPTATION = 0.05  # change of the logarithm of the step size a temperature, per unit of missed acceptance · 4
_FIRST_STEP = 0.1

State = tuple[Array, Array]


@dataclass
class Annealing:
    """A path of densities from a start, from which draws are possible, to the posterior, and the moves along it.

    f_β(z) = p₀(z)^(1−β) p(x, z)^β,  β from 0 to 1 along a logistic curve

    Args:
        num_temperatures: T, the number of densities after the first; the bias of log p̂ falls with it.
        num_chains: M, the independent chains of an example; log p̂ is their log-mean-exp.
        num_leapfrog_steps: steps of each Hamiltonian move; there is one move for each temperature.
        start: p₀: the `prior` (Wu et al. 2017), or the `posterior` of the encoder, which is nearer.

    Raises:
        UserError: for a number below 1 or an unknown start.
    """

    num_temperatures: int = 500
    num_chains: int = 16
    num_leapfrog_steps: int = 10
    start: Literal["prior", "posterior"] = "prior"

    def __post_init__(self) -> None:
        counts = {name: getattr(self, name) for name in ("num_temperatures", "num_chains", "num_leapfrog_steps")}
        check_range(self, at_least=1, **counts)
        check_choice(self, ("prior", "posterior"), start=self.start)

    @property
    def temperatures(self) -> Array:
        """β_0 = 0 < … < β_T = 1, `[T + 1]`: sigmoid(δ (2 t / T − 1)), shifted and scaled to the ends."""
        curve = jax.nn.sigmoid(_SHARPNESS * jnp.linspace(-1.0, 1.0, self.num_temperatures + 1))
        return (curve - curve[0]) / (curve[-1] - curve[0])


class Annealed(NamedTuple):
    """The result of annealing for one example."""

    log_marginal: Array
    """log p̂(x), nats, `[]`: below log p(x) in expectation forwards, above it backwards."""
    log_weights: Array
    """log w of the chains, nats, `[num_chains]`."""
    chain_error: Array
    """The standard error of `log_marginal` that is due to the chains, nats, `[]`, to first order."""
    acceptance: Array
    """The mean share of accepted moves, `[]`: near 0.65 if the step size fits."""


def annealed_log_marginal(model: Model, params: Params, key: Key, x: Example, annealing: Annealing) -> Annealed:
    """log p(x) of ONE example by annealed importance sampling: a lower bound in expectation, exact as T or M grows.

    log w = Σ_t (β_t − β_{t−1}) [log p(x, z_{t−1}) − log p₀(z_{t−1})],  z_t ~ a Hamiltonian move that keeps f_{β_t}
    log p̂(x) = log (1/M Σ_m w_m),  E[p̂(x)] = p(x)

    Separate chains find the step sizes first, so that the chains that count are exact. Neal 2001, equation 5; Wu,
    Burda, Salakhutdinov and Grosse 2017, section 3.

    Args:
        model: the model description; latents must be real vectors.
        params: all parameters.
        key: for starts and moves.
        x: one example, `data_shape`, or an `Observation`.
        annealing: temperatures, chains and moves.

    Raises:
        UserError: for latents in another space.

    Example:
        >>> from jaxvae import VAE, init
        >>> model = VAE(data_shape=(4,), latent_dim=2)
        >>> params, annealing = init(model, jax.random.key(0)), Annealing(num_temperatures=20, num_chains=3)
        >>> annealed_log_marginal(model, params, jax.random.key(1), jnp.ones(4), annealing).log_weights.shape
        (3,)
    """
    path = _Path(model, params, x, annealing)
    start_key, move_key, step_key = jax.random.split(key, 3)
    steps = path.step_sizes(step_key)
    chains = path.draw_starts(start_key)
    weights, acceptance = path.walk(move_key, chains, steps, backwards=False)
    return Annealed(log_mean_exp(weights), weights, error_of_log_mean_exp(weights), acceptance)


def reverse_annealed_log_marginal(
    model: Model, params: Params, key: Key, x: Example, latents: Array, annealing: Annealing
) -> Annealed:
    """log p(x) of ONE simulated example from above: the same path, walked backwards from an exact draw of p(z|x).

    log p̂(x) = −log (1/M Σ_m 1 / w_m),  E[1 / p̂(x)] = 1 / p(x)

    The exact draw is the z from which x was simulated. With the forward estimate it brackets log p(x). Grosse,
    Ghahramani and Adams 2015, section 3. The arguments are those of `annealed_log_marginal`, and `latents`: z of (z, x)
    ~ p(z) p(x|z).
    """
    path = _Path(model, params, x, annealing)
    move_key, step_key = jax.random.split(key)
    steps = path.step_sizes(step_key)
    chains = jnp.broadcast_to(latents, (annealing.num_chains, *latents.shape))
    weights, acceptance = path.walk(move_key, chains, steps, backwards=True)
    return Annealed(-log_mean_exp(-weights), weights, error_of_log_mean_exp(-weights), acceptance)


class _Path:
    """The annealing path of one example."""

    def __init__(self, model: Model, params: Params, x: Example, annealing: Annealing) -> None:
        model, x = model.given(x)
        if model.latent_space != REAL:
            raise UserError(
                f"annealed importance sampling moves latents along gradients: expected {REAL}, got "
                f"{model.latent_space}; take `posterior=DiagonalNormal()`, or leave annealing out"
            )
        self._annealing = annealing
        self._start = model.encode(params, x) if annealing.start == "posterior" else None
        self._sample_prior = lambda key: model.sample_prior(params, key)

        def log_densities(z: Array) -> State:
            """log p₀(z) and log p(x, z)."""
            log_likelihood, log_prior = model.log_joint(params, x, z)
            return log_prior if self._start is None else self._start.log_prob(z), log_likelihood + log_prior

        self._log_densities = log_densities

    def draw_starts(self, key: Key) -> Array:
        """z ~ p₀, `[num_chains, latent_dim]`."""
        sample = self._sample_prior if self._start is None else self._start.sample
        return jax.vmap(sample)(jax.random.split(key, self._annealing.num_chains))

    def _log_density(self, beta: Array) -> Callable[[Array], Array]:
        def log_density(z: Array) -> Array:
            start, end = self._log_densities(z)
            return (1.0 - beta) * start + beta * end

        return log_density

    def _gain(self, z: Array, change: Array) -> Array:
        """(β_t − β_{t−1}) [log p(x, z) − log p₀(z)], `[num_chains]`."""
        start, end = jax.vmap(self._log_densities)(z)
        return change * (end - start)

    def _move(self, key: Key, z: Array, beta: Array, step: Array) -> tuple[Array, Array]:
        """One move of every chain, and the mean acceptance."""
        log_density, leaps = self._log_density(beta), self._annealing.num_leapfrog_steps
        keys = jax.random.split(key, z.shape[0])
        moved, accepted = jax.vmap(lambda key, one: hamiltonian_move(key, one, log_density, step, leaps))(keys, z)
        return moved, jnp.mean(accepted)

    def step_sizes(self, key: Key) -> Array:
        """The step size of each temperature, `[T]`, from chains that are discarded."""
        start_key, move_key = jax.random.split(key)

        def visit(carry: tuple[Array, Array], item: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
            z, log_step = carry
            index, beta = item
            z, accepted = self._move(jax.random.fold_in(move_key, index), z, beta, jnp.exp(log_step))
            changed = log_step + 4.0 * _ADAPTATION * (accepted - _WANTED_ACCEPTANCE)
            return (z, changed), changed

        betas = self._annealing.temperatures[1:]
        first = jnp.asarray(jnp.log(_FIRST_STEP), betas.dtype)
        _, steps = jax.lax.scan(visit, (self.draw_starts(start_key), first), (jnp.arange(len(betas)), betas))
        return jax.lax.stop_gradient(jnp.exp(steps))

    def walk(self, key: Key, z: Array, steps: Array, *, backwards: bool) -> tuple[Array, Array]:
        """log w of each chain along the path, and the mean acceptance.

        Forwards: gain at z from β_{t−1} to β_t, then a move that keeps f_{β_t}. Backwards: the same gain at z, then a
        move that keeps f_{β_{t−1}}. The last move of either does not enter the weight.
        """
        betas = self._annealing.temperatures
        kept = betas[:-1] if backwards else betas[1:]
        steps = jnp.concatenate([steps[:1], steps[:-1]]) if backwards else steps

        def visit(carry: tuple[Array, Array], item: tuple[Array, ...]) -> tuple[tuple[Array, Array], Array]:
            z, weights = carry
            index, change, beta, step = item
            weights = weights + self._gain(z, change)
            z, accepted = self._move(jax.random.fold_in(key, index), z, beta, step)
            return (z, weights), accepted

        items = (jnp.arange(len(kept)), jnp.diff(betas), kept, steps)
        zeros = jnp.zeros(z.shape[0], betas.dtype)
        (_, weights), accepted = jax.lax.scan(visit, (z, zeros), items, reverse=backwards)
        return weights, jnp.mean(accepted)


def hamiltonian_move(
    key: Key, z: Array, log_density: Callable[[Array], Array], step: Array, num_leapfrog_steps: int
) -> tuple[Array, Array]:
    """One Hamiltonian Monte Carlo move that keeps the density exp(log_density), and its probability of acceptance.

    A leapfrog trajectory with momenta r ~ N(0, I), accepted with probability min(1, exp(H(z, r) − H(z', r'))),
    H = ½ ‖r‖² − log_density. Neal 2011, section 5.3.2.
    """
    momentum_key, accept_key = jax.random.split(key)
    momentum = standard_normal(momentum_key, z.shape, z.dtype)
    value_and_gradient = jax.value_and_grad(log_density)

    def leapfrog(carry: tuple[Array, Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array, Array], None]:
        position, momentum, gradient, _value = carry
        momentum = momentum + 0.5 * step * gradient
        position = position + step * momentum
        value, gradient = value_and_gradient(position)
        return (position, momentum + 0.5 * step * gradient, gradient, value), None

    value, gradient = value_and_gradient(z)
    state, _ = jax.lax.scan(leapfrog, (z, momentum, gradient, value), length=num_leapfrog_steps)
    position, end_momentum, _, end_value = state
    log_ratio = end_value - value + 0.5 * (jnp.sum(momentum**2) - jnp.sum(end_momentum**2))
    log_ratio = jnp.where(jnp.isnan(log_ratio), -jnp.inf, log_ratio)  # a trajectory that overflowed is rejected
    accepted = jnp.log(jax.random.uniform(accept_key)) < log_ratio
    return jnp.where(accepted, position, z), jnp.minimum(1.0, jnp.exp(log_ratio))
