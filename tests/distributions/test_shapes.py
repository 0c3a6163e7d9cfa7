"""What the parameters of a distribution become: one shape, one floating dtype, right under vmap."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jaxvae.distributions import Bernoulli, Categorical, Normal, sample_and_log_prob
from tests.helpers import assert_trees_close, keys


def test_a_shared_scale_gets_the_shape_of_the_mean_inside_vmap() -> None:
    """Else it would come out of vmap with its batch axis where the mean has an event axis."""
    locs, scales = jnp.arange(15.0).reshape(5, 3), jnp.arange(1.0, 6.0)
    q = jax.vmap(lambda loc, scale: Normal(loc, scale))(locs, scales)
    assert_trees_close(q, Normal(locs, jnp.broadcast_to(scales[:, None], (5, 3)), event_ndim=1))
    expected = stats.norm.logpdf(np.ones((5, 3)), locs, scales[:, None]).sum(-1)
    np.testing.assert_allclose(q.log_prob(jnp.ones((5, 3))), expected, rtol=1e-5)


def test_a_python_number_is_a_parameter() -> None:
    q = Normal(jnp.zeros(3), 2)  # type: ignore[arg-type]
    assert q.scale.dtype == jnp.float32
    np.testing.assert_allclose(q.log_prob(jnp.ones(3)), 3 * stats.norm.logpdf(1, 0, 2), rtol=1e-6)


def test_integer_parameters_become_floating() -> None:
    assert Bernoulli(jnp.arange(3)).logits.dtype == jnp.float32
    assert Categorical(jnp.ones((3, 4), jnp.int32)).logits.dtype == jnp.float32


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_stays(dtype: jnp.dtype) -> None:
    q = Normal(jnp.zeros(3, dtype), 1.0)
    assert q.sample(jax.random.key(0)).dtype == dtype
    assert q.log_prob(jnp.ones(3, dtype)).dtype == dtype
    assert Bernoulli(jnp.zeros(3, dtype)).sample(jax.random.key(0)).dtype == dtype


def test_event_axes_are_all_by_default_and_never_the_classes() -> None:
    assert Normal(jnp.zeros((5, 3)), 1.0).event_ndim == 2
    assert Bernoulli(jnp.zeros(())).event_ndim == 0
    assert Categorical(jnp.zeros((5, 3, 4))).event_ndim == 2
    assert Categorical(jnp.zeros((5, 3, 4)), event_ndim=1).sample(jax.random.key(0)).shape == (5, 3)


def test_an_event_without_axes_sums_nothing() -> None:
    values = jnp.arange(4.0)
    log_probs = Normal(jnp.zeros(4), 1.0, event_ndim=0).log_prob(values)
    np.testing.assert_allclose(log_probs, stats.norm.logpdf(values), rtol=1e-6)


def test_gradients_pass_through_a_normal_sample() -> None:
    """z = loc + scale · ε: dz/dloc = 1, dz/dscale = (z − loc) / scale."""
    loc, scale = jnp.array([0.5, -2.0]), jnp.array([0.3, 4.0])
    sample = jax.jit(lambda loc, scale: Normal(loc, scale).sample(jax.random.key(1)))
    by_loc, by_scale = jax.jacobian(sample, (0, 1))(loc, scale)
    np.testing.assert_allclose(by_loc, np.eye(2))
    np.testing.assert_allclose(by_scale, np.diag((sample(loc, scale) - loc) / scale), rtol=1e-5)


def test_the_joint_method_of_a_distribution_is_used_where_it_has_one() -> None:
    """A flow without a cheap inverse knows the density of its own draw only."""

    class Joint(Normal):
        def log_prob(self, value: jax.Array) -> jax.Array:
            raise NotImplementedError

        def sample_and_log_prob(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
            value = self.sample(key)
            return value, Normal(self.loc, self.scale).log_prob(value)

    plain = sample_and_log_prob(jax.random.key(2), Normal(jnp.ones(3), 2.0))
    assert_trees_close(sample_and_log_prob(jax.random.key(2), Joint(jnp.ones(3), 2.0)), plain)
    assert_trees_close(plain[1], Normal(jnp.ones(3), 2.0).log_prob(plain[0]))


def test_a_class_with_logit_minus_infinity_is_never_drawn_and_leaves_gradients_finite() -> None:
    p = Categorical(jnp.array([[-jnp.inf, 0.0, 1.0]]))
    assert np.all(jax.vmap(p.sample)(keys(3, 200)) > 0)
    np.testing.assert_array_equal(p.log_prob(jnp.array([0])), -np.inf)
    gradient = jax.grad(lambda p: p.log_prob(jnp.array([2])))(p)
    np.testing.assert_allclose(gradient.logits[0, 1:], [-1 / (1 + np.e), 1 / (1 + np.e)], rtol=1e-5)
    assert np.isfinite(gradient.logits[0, 0])
