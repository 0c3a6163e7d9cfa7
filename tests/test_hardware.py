"""How programs are compiled for the processor at hand."""

import jax
import jax.numpy as jnp
import pytest

from jaxvae import hardware
from jaxvae.hardware import compiled, compiler_options


def test_options_that_this_xla_does_not_know_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(hardware._ON_CPU)
    assert compiler_options() == known, "of the versions of JAX that this project supports"
    monkeypatch.setattr(hardware, "_ON_CPU", {**known, "xla_cpu_option_of_another_version": True})
    compiler_options.cache_clear()
    try:
        assert compiler_options() == known
    finally:
        compiler_options.cache_clear()


def test_no_options_where_there_is_no_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    compiler_options.cache_clear()
    try:
        assert compiler_options() == {}
    finally:
        compiler_options.cache_clear()


def test_a_compiled_program_computes_the_same() -> None:
    x, matrix = jnp.arange(6.0).reshape(2, 3), jnp.arange(12.0).reshape(3, 4)
    program = compiled(jax.jit(lambda x, matrix: x @ matrix), x, matrix)
    assert program(x, matrix).tolist() == (x @ matrix).tolist()
