"""The optimiser against its formulas, and under tracing."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxvae.errors import UserError
from jaxvae.training import Optimizer

PARAMS = {"weights": jnp.array([1.0, -2.0, 3.0])}
GRADIENTS = {"weights": jnp.array([0.3, -4.0, 0.0])}


def steps(transformation: optax.GradientTransformation, count: int) -> np.ndarray:
    params, state = PARAMS, transformation.init(PARAMS)
    for _ in range(count):
        with jax.numpy_dtype_promotion("standard"):  # Optax's own optimisers need it
            updates, state = transformation.update(GRADIENTS, state, params)
        params = optax.apply_updates(params, updates)
    return np.asarray(params["weights"])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Optimizer(), optax.adam(1e-3)),
        (Optimizer(b1=0.8, b2=0.95, epsilon=1e-4, learning_rate=0.1), optax.adam(0.1, 0.8, 0.95, 1e-4)),
        (Optimizer(weight_decay=0.3), optax.adamw(1e-3, weight_decay=0.3)),
        (Optimizer("nadam"), optax.nadam(1e-3)),
        (Optimizer("adamax"), optax.adamax(1e-3)),
        (Optimizer("radam"), optax.radam(1e-3)),
        (Optimizer("adabelief", epsilon=1e-16), optax.adabelief(1e-3)),
        (Optimizer("lion", b2=0.99), optax.lion(1e-3, weight_decay=0.0)),
        (Optimizer("rmsprop", b2=0.9), optax.rmsprop(1e-3)),
        (Optimizer("sgd", b1=0.7), optax.sgd(1e-3, momentum=0.7)),
        (Optimizer("sgd", b1=0.0, gradient_clip=0.5), optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(1e-3))),
    ],
    ids=lambda value: value.optimizer if isinstance(value, Optimizer) else "",
)
def test_equals_the_optax_optimiser_of_that_name(ours: Optimizer, theirs: optax.GradientTransformation) -> None:
    np.testing.assert_allclose(steps(ours.transformation(10), 4), steps(theirs, 4), rtol=1e-6)


def test_warm_up_cosine_and_step_decay_follow_their_formulas() -> None:
    times, total = np.arange(13), 12
    rate = jax.vmap(lambda o, t: o.learning_rate_at(t, total), (None, 0))
    warm = np.minimum(1, (times + 1) / 4)
    cosine = 0.2 * warm * 0.5 * (1 + np.cos(np.pi * np.minimum(1, times / total)))
    np.testing.assert_allclose(
        rate(Optimizer(learning_rate=0.2, warmup_steps=4, decay="cosine"), jnp.array(times)), cosine, atol=1e-7
    )
    short = 0.2 * 0.5 * (1 + np.cos(np.pi * np.minimum(1, times / 5)))
    np.testing.assert_allclose(
        rate(Optimizer(learning_rate=0.2, decay="cosine", decay_steps=5), jnp.array(times)), short, atol=1e-7
    )
    stairs = 0.2 * 0.5 ** (times // 3)
    np.testing.assert_allclose(
        rate(Optimizer(learning_rate=0.2, decay="step", decay_steps=3, decay_factor=0.5), jnp.array(times)),
        stairs,
        rtol=1e-6,
    )


def test_average_follows_its_recursion_and_reaches_its_decay() -> None:
    optimizer, average, expected = Optimizer(ema_decay=0.5), {"w": jnp.array(1.0)}, 1.0
    for step, value in enumerate((3.0, -1.0, 2.0, 8.0) * 5):
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        average = optimizer.update_average(average, {"w": jnp.array(value)}, jnp.array(step))
    np.testing.assert_allclose(average["w"], expected, rtol=1e-5)
    assert Optimizer().update_average(None, {"w": jnp.array(1.0)}, jnp.array(0)) is None


def test_every_number_is_traced() -> None:
    numbers = Optimizer(gradient_clip=1.0, weight_decay=0.1, ema_decay=0.9, decay="step", decay_steps=7)
    floats = [field.name for field in dataclasses.fields(Optimizer) if "float" in str(field.type)]
    assert len(jax.tree.leaves(numbers)) == len(floats) == 8


@pytest.mark.parametrize(
    "fields",
    [
        {"learning_rate": 0.0},
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"b1": 1.0},
        {"ema_decay": 1.0},
        {"gradient_clip": 0.0},
        {"weight_decay": -1e-3},
        {"warmup_steps": -1},
        {"decay": "step"},
        {"decay": "cosin"},
        {"optimizer": "adm"},
        {"epsilon": 0.0},
    ],
    ids=str,
)
def test_refuses_what_has_no_meaning(fields: dict) -> None:
    with pytest.raises(UserError) as caught:
        Optimizer(**fields)
    assert "\n" not in str(caught.value)
    assert next(iter(fields)) in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "lion", "sgd"])
def test_what_is_fixed_stays_to_the_last_bit_and_out_of_the_clipped_norm(name: str) -> None:
    """With any gradient, with weight decay and in the average: exemplars are data."""
    optimizer = Optimizer(name, learning_rate=0.1, weight_decay=0.5, gradient_clip=1.0, ema_decay=0.9)  # type: ignore[arg-type]
    data = jnp.linspace(0.0, 1.0, 50)  # an average of two equal numbers rounds some of them
    with_data = {"weights": PARAMS["weights"], "prior": {"fixed": {"exemplars": data}, "loc": jnp.ones(2)}}
    transformation = optimizer.transformation(10)
    params = average = with_data
    state = transformation.init(params)
    for step in range(5):
        updates, state = transformation.update(jax.tree.map(lambda leaf: 1e6 * leaf, with_data), state, params)
        params = optax.apply_updates(params, updates)
        average = optimizer.update_average(average, params, jnp.asarray(step))
    for tree in (params, average):
        np.testing.assert_array_equal(tree["prior"]["fixed"]["exemplars"], data)
        assert np.all(tree["prior"]["loc"] != 1.0)
    alone = {"weights": PARAMS["weights"], "prior": {"loc": jnp.ones(2)}}
    same, _ = transformation.update(jax.tree.map(lambda leaf: 1e6 * leaf, alone), transformation.init(alone), alone)
    first, _ = transformation.update(
        jax.tree.map(lambda leaf: 1e6 * leaf, with_data), transformation.init(with_data), with_data
    )
    np.testing.assert_allclose(first["prior"]["loc"], same["prior"]["loc"], rtol=1e-6)
