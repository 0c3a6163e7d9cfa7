"""Messages at the door: one line, with the owner, what was expected and what came."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.checks import check_choice, check_example, check_examples, check_range
from jaxvae.errors import UserError, did_you_mean


class Owner:
    """Stands for any description."""


@pytest.mark.parametrize(
    ("limits", "value", "message"),
    [
        ({"at_least": 1}, 0, "Owner.number must be >= 1, got 0"),
        ({"above": 0.0}, 0.0, "Owner.number must be > 0, got 0.0"),
        ({"above": 0.0, "at_most": 1.0}, 1.5, "Owner.number must be > 0 and <= 1, got 1.5"),
        ({"below": 1.0}, 1.0, "Owner.number must be < 1, got 1.0"),
        ({"at_least": 0.0}, float("inf"), "Owner.number must be >= 0, got inf"),
        ({"at_least": 0.0}, float("nan"), "Owner.number must be >= 0, got nan"),
        ({}, float("nan"), "Owner.number must be a number, got nan"),
        ({"at_least": 1}, np.int64(0), f"Owner.number must be >= 1, got {np.int64(0)!r}"),
        ({"above": 0.0}, np.float32(-1), f"Owner.number must be > 0, got {np.float32(-1)!r}"),
    ],
)
def test_a_number_out_of_range_is_named(limits: dict[str, float], value: Any, message: str) -> None:
    with pytest.raises(UserError) as error:
        check_range(Owner(), **limits, number=value)
    assert str(error.value) == message


def test_numbers_in_range_and_unknown_values_pass() -> None:
    check_range(Owner(), at_least=0.0, at_most=1.0, low=0.0, high=1, middle=0.5)
    check_range(Owner(), above=0.0, array=jnp.zeros(3), nothing=None, name="learned")
    jax.jit(lambda number: check_range(Owner(), above=0.0, number=number))(-1.0)


def test_an_unknown_choice_names_the_nearest_and_all() -> None:
    with pytest.raises(UserError) as error:
        check_choice(Owner(), ("relu", "tanh"), activation="rely")
    assert str(error.value) == "Owner.activation must be one of relu, tanh; got 'rely' (did you mean relu?)"
    with pytest.raises(UserError) as error:
        check_choice(Owner(), ("relu", "tanh"), activation="zzz")
    assert str(error.value) == "Owner.activation must be one of relu, tanh; got 'zzz'"
    check_choice(Owner(), ("relu", "tanh"), activation="tanh", number=3.0)


def test_a_wrong_example_is_described() -> None:
    check_example(jnp.zeros((4, 3)), (4, 3))
    with pytest.raises(UserError) as error:
        check_example(jnp.zeros((5, 4, 3)), (4, 3))
    assert str(error.value) == "x must have shape (4, 3) (one example; jax.vmap over a batch), got (5, 4, 3)"
    for dtype in (np.uint8, np.bool_):
        with pytest.raises(UserError) as error:
            check_example(np.zeros((4, 3), dtype), (4, 3), "z")
        expected = f"z must be a float array, got {np.dtype(dtype)}: write z.astype('float32') / largest_value"
        assert str(error.value) == expected
    for value in ("hello", None, [[1.0], [2.0, 3.0]], np.ones((4, 3)) * 1j):
        with pytest.raises(UserError, match="x must be an array of real numbers, got "):
            check_example(value, (4, 3))  # type: ignore[arg-type]
    assert check_example([[1, 2]], (1, 2)).dtype == jnp.float32  # type: ignore[arg-type]


def test_did_you_mean_puts_the_nearest_first() -> None:
    assert did_you_mean("standardnormal", ["Vamp", "StandardNormal"]).startswith("did you mean StandardNormal?")
    assert did_you_mean("zzz", ["Vamp", "Flow"]) == "Known: Flow, Vamp"


def test_arrays_of_other_libraries_are_named() -> None:
    import torch

    with pytest.raises(TypeError, match=r"^x must be a JAX or NumPy array, got one of torch: write x.numpy\(\)$"):
        jv.encode(jv.VAE((4, 3), 2), {}, torch.zeros(4, 3))  # type: ignore[arg-type]


def test_the_examples_to_start_from_are_those_that_the_model_sees() -> None:
    check_examples(None, (4, 3))
    check_examples(jnp.zeros((5, 4, 3)), (4, 3))
    with pytest.raises(ValueError, match=r"examples must have shape \[n, \*\(4, 3\)\], got \(4, 3\)"):
        check_examples(jnp.zeros((4, 3)), (4, 3))
    with pytest.raises(ValueError, match=r"got uint8: for stored levels write training.preprocessing.expected"):
        check_examples(jnp.zeros((5, 4, 3), jnp.uint8), (4, 3))
