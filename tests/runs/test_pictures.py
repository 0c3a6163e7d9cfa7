"""What pictures show: means, or draws of what has no mean."""

import jax
import jax.numpy as jnp
import numpy as np

import jaxvae as jv
from jaxvae.distributions import has_mean
from jaxvae.runs.pictures import mean_or_draw


def test_a_distribution_without_a_mean_is_drawn_from() -> None:
    model = jv.VAE((6,), 2, jv.networks.MLP((4,)), jv.networks.MLP((3,)), posterior=jv.posteriors.Flow())
    params = jv.init(model, jax.random.key(0))
    q, key = jv.encode(model, params, jnp.ones(6)), jax.random.key(1)
    assert not has_mean(q)
    np.testing.assert_array_equal(mean_or_draw(q, jax.random.clone(key)), q.sample(key))
    p = jv.decode(model, params, jnp.zeros(2))
    assert has_mean(p)
    assert has_mean(jax.eval_shape(lambda: p))  # of shapes alone
    assert not has_mean(jax.eval_shape(lambda: q))
    np.testing.assert_array_equal(mean_or_draw(p, jax.random.key(2)), p.mean)
