"""The dense layer is that of Flax."""

import jax
import numpy as np

from jaxvae.networks.dense import Dense
from tests.fast.rows import OUTPUTS, X, close


def test_flax_layers_have_the_parameters_and_the_outputs_of_flax() -> None:
    import flax.linen as nn

    params = nn.Dense(OUTPUTS).init(jax.random.key(0), X[0])
    close(Dense(OUTPUTS).apply(params, X[0]), nn.Dense(OUTPUTS).apply(params, X[0]))
    initial = Dense(OUTPUTS).init(jax.random.key(0), X[0])
    assert jax.tree.structure(params) == jax.tree.structure(initial)
    jax.tree.map(np.testing.assert_array_equal, params, initial)
