"""What a model changes in a network: dropout in training alone, schedules at a step, a condition beside the input."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import networks
from jaxvae.networks.mlp import dropped
from jaxvae.objectives.batch_means import over_examples
from tests.helpers import keys

SHAPE = (3,)


class Drops(nn.Module):
    """A module of Linen with its own dropout, on only where there is noise."""

    @nn.compact
    def __call__(self, x: jax.Array, output_shape: tuple[int, ...]) -> jax.Array:
        """The output, a linear function of the numbers that are kept."""
        x = nn.Dense(50)(x.reshape(-1))
        x = nn.Dropout(0.5, deterministic=not self.has_rng("dropout"))(x)
        return nn.Dense(int(np.prod(output_shape)))(x).reshape(output_shape)


@pytest.mark.parametrize(
    "network",
    [
        networks.MLP((50,), dropout=0.5),
        networks.GatedMLP((50,), dropout=0.5),
        networks.Bfloat16(networks.MLP((50,), dropout=0.5)),
        Drops(),
    ],
    ids=lambda network: type(network).__name__,
)
def test_dropout_in_training_alone_and_other_noise_for_each_example(network: Any) -> None:
    model = jv.VAE(SHAPE, 2, network, network)
    params = model.init(jax.random.key(0))
    x = jnp.array([1.0, 0.0, 1.0])
    evaluated = model.encode(params, x).mean
    np.testing.assert_array_equal(evaluated, model.encode(params, x).mean)
    same = jnp.broadcast_to(x, (400, 3))
    encode = jax.jit(lambda keys: over_examples(model, lambda model, key, x: model.encode(params, x).mean)(keys, same))
    means = np.asarray(encode(keys(1, 400)))
    assert len(np.unique(means[:, 0])) > 200  # each example has its own
    error = means.std(axis=0, ddof=1) / np.sqrt(400)
    tolerance = 6 * error + 0.02 * np.abs(np.asarray(evaluated))  # a linear last layer: the mean stays
    assert np.all(np.abs(means.mean(axis=0) - np.asarray(evaluated)) < tolerance)
    np.testing.assert_array_equal(encode(keys(1, 400)), means)  # a function of the key


def test_the_bound_of_training_has_dropout_and_the_score_has_none() -> None:
    model = jv.VAE(SHAPE, 2, networks.MLP((50,), dropout=0.5), networks.MLP((50,), dropout=0.5))
    params, x = model.init(jax.random.key(0)), jnp.ones((4, 3))
    plain = jv.VAE(SHAPE, 2, networks.MLP((50,)), networks.MLP((50,)))
    objective, mask, step = jv.objectives.ELBO(), jnp.ones(4, bool), jnp.zeros((), jnp.int32)
    with_it, without = (float(objective.loss(one, params, keys(2, 4), x, mask, step)[0]) for one in (model, plain))
    assert with_it != without
    scores = [float(objective.score(one, params, jax.random.key(3), x[0])["elbo"]) for one in (model, plain)]
    assert scores[0] == scores[1]


def test_dropped_numbers_keep_their_mean() -> None:
    x = jnp.full(100_000, 2.0)
    found = np.asarray(dropped(jax.random.key(0), x, 0.3))
    np.testing.assert_allclose(np.unique(found), [0.0, 2.0 / 0.7], rtol=1e-6)
    assert abs(found.mean() - 2.0) < 6 * found.std() / np.sqrt(found.size)


@jv.dataclass
class Annealed(jv.likelihoods.Normal):
    """A normal likelihood whose fixed scale falls from 2 to 1 in ten steps."""

    scale: Any = 1.0

    def at_step(self, step: jax.Array) -> "Annealed":
        """The scale at a step."""
        share = jnp.minimum(step.astype(float) / 10.0, 1.0)
        return Annealed(scale=2.0 - share, start="unit")


@jv.dataclass
class Growing(networks.Network):
    """A network whose output is multiplied by the step; in evaluation by 100."""

    factor: Any = 100.0

    def init(self, key: jax.Array, x: jax.Array, output_shape: tuple[int, ...]) -> Any:
        """One number."""
        del key, x, output_shape
        return {"value": jnp.ones(())}

    def apply(self, params: Any, x: jax.Array, output_shape: tuple[int, ...]) -> jax.Array:
        """The number times the factor."""
        del x
        return params["value"] * self.factor * jnp.ones(output_shape)

    def at_step(self, step: jax.Array) -> "Growing":
        """With the step as its factor."""
        return Growing(step.astype(float))


def test_schedules_of_likelihoods_and_networks_reach_the_step() -> None:
    """The scale and both networks at steps 0, 5 and 20 of training, and at the end of the schedule elsewhere."""
    model = jv.VAE(SHAPE, 2, networks.Rematerialized(Growing()), Growing(), likelihood=Annealed(start="unit"))
    params = model.init(jax.random.key(0))
    for step, scale in ((0, 2.0), (5, 1.5), (20, 1.0)):
        then = model.at_step(jnp.asarray(step))
        p = then.decode(params, jnp.zeros(2))
        np.testing.assert_allclose(p.scale, scale, rtol=1e-6)  # type: ignore[attr-defined]
        np.testing.assert_allclose(p.loc, float(step), rtol=1e-6)  # type: ignore[attr-defined]
        np.testing.assert_allclose(then.encode(params, jnp.zeros(3)).mean, float(step), rtol=1e-6)
    assert float(model.decode(params, jnp.zeros(2)).scale[0]) == 1.0  # type: ignore[attr-defined]
    assert float(model.encode(params, jnp.zeros(3)).mean[0]) == 100.0


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1])
def test_a_wrong_rate_is_refused(rate: float) -> None:
    with pytest.raises(jv.UserError, match="dropout must be > 0 and < 1"):
        networks.MLP(dropout=rate)
