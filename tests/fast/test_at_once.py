"""How much is evaluated at once: sizes by the device and the switch."""

import jax
import jax.numpy as jnp
import pytest

from jaxvae.fast import at_once, batches_at_once, draws_at_once
from jaxvae.fast.switch import FAST_VARIABLE


@pytest.mark.parametrize(("mode", "backend", "draws"), [("1", "cpu", 1000), ("1", "gpu", 2**15), ("0", "cpu", 2**15)])
def test_few_draws_stay_within_the_cache_of_a_cpu(
    mode: str, backend: str, draws: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FAST_VARIABLE, mode)
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    assert draws_at_once() == draws


def test_a_batch_a_core_and_one_where_lapack_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once, "available_cores", lambda: 5)
    matrix = jnp.eye(3)
    product = jax.jit(lambda matrix: matrix @ matrix).lower(matrix).compile()
    factor = jax.jit(jnp.linalg.cholesky).lower(matrix).compile()
    for mode, expected in (("1", (5, 1)), ("0", (1, 1))):
        monkeypatch.setenv(FAST_VARIABLE, mode)
        assert (batches_at_once(product), batches_at_once(factor)) == expected
