"""Rows, matrices and biases that several tests share."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

BATCH, DRAWS, MEMBERS, INPUTS, OUTPUTS = 4, 3, 2, 6, 5
RNG = np.random.default_rng(0)


def normal(*shape: int) -> jax.Array:
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


X, MATRIX = normal(MEMBERS, BATCH, DRAWS, INPUTS), normal(MEMBERS, INPUTS, OUTPUTS)
EXPECTED = np.einsum("mbki,mio->mbko", X, MATRIX)


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
