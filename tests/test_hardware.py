"""How programs are compiled for this processor."""

import jax
import jax.numpy as jnp
import pytest

from jaxvae import hardware
from jaxvae.hardware import compiled, compiler_options


def test_options_that_this_xla_does_not_know_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(hardware._ON_CPU)
    assert compiler_options() == known, "of the versions of JAX that this project supports"
    monkeypatch.setattr(hardware, "_ON_CPU", {**known, "xla_cpu_option_of_another_version": True})
    assert compiler_options() == known


def test_no_options_where_there_is_no_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert compiler_options() == {}


def test_a_caller_cannot_change_the_options_of_others() -> None:
    compiler_options()["xla_cpu_option_of_another_version"] = True
    assert "xla_cpu_option_of_another_version" not in compiler_options()


def test_a_compiled_program_computes_the_same() -> None:
    x, matrix = jnp.arange(6.0).reshape(2, 3), jnp.arange(12.0).reshape(3, 4)
    program = compiled(jax.jit(lambda x, matrix: x @ matrix), x, matrix)
    assert program(x, matrix).tolist() == (x @ matrix).tolist()


def test_a_program_is_compiled_with_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "compiler_options", lambda: {"xla_cpu_option_of_another_version": True})
    with pytest.raises(jax.errors.JaxRuntimeError, match="xla_cpu_option_of_another_version"):
        compiled(jax.jit(lambda x: x + 1.0), 1.0)
