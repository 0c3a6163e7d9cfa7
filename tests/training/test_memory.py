"""A program that cannot fit is refused before it runs."""

import jax
import jax.numpy as jnp
import pytest

import jaxvae as jv
from jaxvae.training.memory import available_memory, check_memory


def program(size: int) -> jax.stages.Compiled:
    """One whose intermediate value, which no fusion avoids, takes `size`² floats."""
    ones = jax.ShapeDtypeStruct((size,), jnp.float32)
    return jax.jit(lambda x: jnp.sum(jnp.sort(x[:, None] * x[None, :], axis=0)[::7])).lower(ones).compile()


def test_what_fits_passes_and_what_does_not_is_told_in_gib() -> None:
    check_memory(program(512), "a training step", available=2**24)
    with pytest.raises(jv.UserError, match=r"must fit the memory, 0.0 GiB, got a program that needs 0.0 GiB") as error:
        check_memory(program(512), "a training step", available=2**19)  # 512² · 4 bytes = 2^20
    assert "\n" not in str(error.value)
    assert "`batch_size`" in str(error.value)


def test_the_machines_own_memory_is_known_here() -> None:
    memory = available_memory()
    assert memory is not None
    assert 2**27 < memory < 2**44
    check_memory(program(16), "a training step")
