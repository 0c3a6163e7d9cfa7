"""The functions of one example: shapes, batches, keys, gradients (their values: test_linear_gaussian)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import jaxvae as jv
from jaxvae.distributions import Normal
from jaxvae.objectives.estimators import PathOnly
from tests.helpers import assert_trees_close, binary_batch, counting, index, init, keys, tiny_vae
from tests.sizes import BATCH, DATA_SHAPE, LATENT_DIM, SAMPLES

NETWORK = jv.networks.MLP((6,), "tanh", output_gain=1.0)
VAE = tiny_vae(encoder=NETWORK, decoder=NETWORK)
log_marginal = partial(jv.log_marginal, num_samples=SAMPLES)


@pytest.fixture(scope="module")
def params() -> jv.typing.Params:
    return init(VAE, jax.random.key(0))


def test_shapes_of_one_example() -> None:
    def everything(key: jax.Array, x: jax.Array) -> dict[str, Any]:
        params = jv.init(VAE, key)
        k = keys(1, 8)
        q = jv.encode(VAE, params, x)
        z = jv.reparameterize(k[0], q)
        p = jv.decode(VAE, params, z)
        return {
            "latent": [q.mean, z, VAE.sample_prior(params, k[1])],  # type: ignore[attr-defined]
            "data": [p.mean, p.sample(k[2]), jv.sample(VAE, params, k[3]), jv.reconstruct(VAE, params, x)],  # type: ignore[attr-defined]
            "number": [p.log_prob(x), *jv.elbo(VAE, params, k[4], x), log_marginal(VAE, params, k[5], x)],
            "draw": VAE.draw(params, k[6], x),
            "reconstruct": jv.reconstruct(VAE, params, x, k[7]),
        }

    shapes = jax.tree.map(lambda leaf: leaf.shape, jax.eval_shape(everything, jax.random.key(0), binary_batch()[0]))
    assert shapes["latent"] == [(LATENT_DIM,)] * 3
    assert shapes["data"] == [DATA_SHAPE] * 4
    assert shapes["number"] == [()] * 5
    scalars = dict.fromkeys(("log_likelihood", "log_prior", "log_posterior", "score", "exact_kl"), ())
    assert shapes["draw"] == jv.Draw((LATENT_DIM,), kl=(1,), kl_dimensions=(LATENT_DIM,), **scalars)
    assert shapes["reconstruct"] == DATA_SHAPE


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "encode": lambda params, key, x: jv.encode(VAE, params, x),
    "draw": lambda params, key, x: VAE.draw(params, key, x),
    "elbo": lambda params, key, x: jv.elbo(VAE, params, key, x),
    "log_marginal": lambda params, key, x: log_marginal(VAE, params, key, x),
    "reconstruct": lambda params, key, x: jv.reconstruct(VAE, params, x, key),
}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


@every_function
def test_a_batch_or_bytes_are_refused_in_one_line(params: Any, function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        function(params, jax.random.key(0), binary_batch())
    assert str(error.value) == "x must have shape (4, 3, 1) (one example; jax.vmap over a batch), got (5, 4, 3, 1)"
    with pytest.raises(ValueError) as error:  # noqa: PT011
        function(params, jax.random.key(0), jnp.zeros(DATA_SHAPE, jnp.uint8))
    assert str(error.value) == "x must be a float array, got uint8: write x.astype('float32') / largest_value"


def test_a_wrong_latent_is_refused_in_one_line(params: Any) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        jv.decode(VAE, params, jnp.zeros((BATCH, LATENT_DIM)))
    assert str(error.value) == "z must have shape (2,) (one example; jax.vmap over a batch), got (5, 2)"


def test_a_latent_dimension_below_one_is_refused() -> None:
    with pytest.raises(jv.UserError, match=r"^VAE.latent_dim must be >= 1, got 0$"):
        jv.VAE(data_shape=(4,), latent_dim=0)


@pytest.mark.slow
@every_function
def test_batched_by_vmap_and_compiled_it_is_a_loop(params: Any, function: Callable[..., Any]) -> None:
    xs = binary_batch()
    every = jax.jit(jax.vmap(function, (None, 0, 0)))(params, keys(2, BATCH), xs)
    for i, key in enumerate(keys(2, BATCH)):
        assert_trees_close(index(every, i), jax.tree.map(np.asarray, function(params, key, xs[i])), rtol=2e-5)


@every_function
def test_the_same_key_gives_the_same_and_another_key_another(params: Any, function: Callable[..., Any]) -> None:
    """`encode` alone takes no key: it is a distribution, not a draw."""
    x, function = binary_batch()[0], jax.jit(function)
    first = function(params, jax.random.key(3), x)
    assert_trees_close(function(params, jax.random.key(3), x), first, rtol=0, atol=0)
    other = function(params, jax.random.key(4), x)
    changed = [bool(np.any(a != b)) for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(other), strict=True)]
    if isinstance(first, Normal):
        assert not any(changed)
    elif isinstance(first, (jv.Draw, jv.Elbo)):
        drawn = {"latents", "log_likelihood", "log_prior", "log_posterior", "value"}  # the closed-form KL has no noise
        named = [name for name in first._fields if getattr(first, name) is not None]
        assert changed == [name in drawn for name in named]
    else:
        assert changed == [True]


def test_components_start_from_keys_of_their_own() -> None:
    """Encoder and decoder of one shape (7 numbers in, 7 out) do not start equal; another key gives others."""

    @jv.dataclass
    class Seven(jv.posteriors.DiagonalNormal):
        def parameter_shape(self, model: jv.VAE) -> tuple[int, ...]:
            return (7,)

    model = jv.VAE((7,), 7, jv.networks.MLP(()), jv.networks.MLP(()), posterior=Seven())
    first, other = jv.init(model, jax.random.key(0)), jv.init(model, jax.random.key(1))
    kernels = [tree[name]["params"]["Dense_0"]["kernel"] for tree in (first, other) for name in ("encoder", "decoder")]
    assert {kernel.shape for kernel in kernels} == {(7, 7)}
    assert len({np.asarray(kernel).tobytes() for kernel in kernels}) == 4


def test_examples_reach_the_prior() -> None:
    @jv.dataclass
    class Remembers(jv.priors.StandardNormal):
        def init(self, key: jax.Array, model: jv.VAE, examples: jax.Array | None) -> jv.typing.Params:
            del key, model
            return {"count": jnp.asarray(0 if examples is None else len(examples))}

    model = tiny_vae(prior=Remembers())
    assert jv.init(model, jax.random.key(0), binary_batch(batch=9))["prior"] == {"count": 9}
    assert jv.init(model, jax.random.key(0))["prior"] == {"count": 0}


def test_gradient_of_one_draw_is_its_finite_difference_for_every_parameter() -> None:
    """In float64, all 221 parameters by central differences; none of them is without effect."""
    model = tiny_vae(encoder=NETWORK, decoder=NETWORK, likelihood=jv.likelihoods.Normal("shared", mean="tanh"))
    tree = init(model, jax.random.key(0))
    with jax.enable_x64(True):
        flat, unravel = ravel_pytree(jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64) + 0.1, tree))
        x = jnp.asarray(np.random.default_rng(0).normal(size=DATA_SHAPE))

        def value(flat: jax.Array) -> jax.Array:
            return jv.elbo(model, unravel(flat), jax.random.key(1), x).value

        gradient = jax.jit(jax.grad(value))(flat)
        values = jax.jit(jax.vmap(value))
        steps = 1e-6 * jnp.eye(flat.size)
        difference = (values(flat[None] + steps) - values(flat[None] - steps)) / 2e-6
        assert gradient.dtype == jnp.float64
        assert flat.size == 106 + 102 + 12 + 1
        np.testing.assert_allclose(gradient, difference, rtol=1e-5, atol=1e-7)
        assert np.all(np.abs(gradient) > 1e-6)


def test_reparameterize_passes_gradients() -> None:
    q = Normal(jnp.array([0.5, -1.0]), jnp.array([0.3, 2.0]))
    z = jv.reparameterize(jax.random.key(5), q)
    assert_trees_close(z, q.sample(jax.random.key(5)), rtol=0, atol=0)
    gradient = jax.grad(lambda q: jnp.sum(jv.reparameterize(jax.random.key(5), q)))(q)
    np.testing.assert_array_equal(gradient.loc, np.ones(2))
    np.testing.assert_allclose(gradient.scale, (z - q.loc) / q.scale, rtol=1e-5)


def test_draw_is_the_same_with_its_posterior_given_and_with_it_detached(params: Any) -> None:
    x = binary_batch()[0]
    plain = VAE.draw(params, jax.random.key(6), x)
    q = jv.encode(VAE, params, x)
    assert_trees_close(VAE.draw(params, jax.random.key(6), x, posterior=q), plain)
    detached = VAE.draw(params, jax.random.key(6), x, posterior=PathOnly(q, 1.0))
    assert_trees_close((detached.latents, detached.log_weight), (plain.latents, plain.log_weight))
    other = VAE.draw(params, jax.random.key(6), x, posterior=Normal(q.loc + 1, q.scale))  # type: ignore[attr-defined]
    assert_trees_close(other.latents, plain.latents + 1)
    np.testing.assert_allclose(
        plain.log_weight, plain.log_likelihood + plain.log_prior - plain.log_posterior, rtol=1e-6
    )


def test_log_likelihood_is_a_sum_over_pixels() -> None:
    """Each pixel twice: log p(x|z) doubles and the KL stays, as they do not where one of them is a mean."""
    small, large = tiny_vae(), jv.VAE((2, *DATA_SHAPE), LATENT_DIM, tiny_vae().encoder, tiny_vae().decoder)
    params, x = init(small, jax.random.key(0)), binary_batch()[0]
    decoder = jax.tree.map(lambda leaf: jnp.concatenate([leaf, leaf], axis=-1), params["decoder"])
    q = jv.encode(small, params, x)
    one = small.draw(params, jax.random.key(7), x, posterior=q)
    likelihood = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), params["likelihood"])
    twice = {**params, "decoder": decoder, "likelihood": likelihood}
    both = large.draw(twice, jax.random.key(7), jnp.stack([x, x]), posterior=q)
    np.testing.assert_allclose(both.log_likelihood, 2 * one.log_likelihood, rtol=1e-6)
    assert_trees_close((both.log_prior, both.log_posterior, both.kl), (one.log_prior, one.log_posterior, one.kl))


def test_reconstruct_decodes_the_mean_code_or_a_draw(params: Any) -> None:
    x = binary_batch()[0]
    q = jv.encode(VAE, params, x)
    assert_trees_close(jv.reconstruct(VAE, params, x), jv.decode(VAE, params, q.mean).mean)  # type: ignore[attr-defined]
    z = q.sample(jax.random.key(8))
    assert_trees_close(jv.reconstruct(VAE, params, x, jax.random.key(8)), jv.decode(VAE, params, z).mean)  # type: ignore[attr-defined]


def test_a_sample_is_data_and_not_its_mean(params: Any) -> None:
    draws = jax.jit(jax.vmap(jv.sample, (None, None, 0)))(VAE, params, keys(9, 50))
    assert set(np.unique(draws)) == {0.0, 1.0}


def test_the_model_is_an_ordinary_argument(params: Any) -> None:
    """A sweep over a number of the likelihood by vmap, in one trace."""
    vaes = [tiny_vae(likelihood=jv.likelihoods.Normal(scale=s)) for s in (0.5, 1.0, 2.0)]
    elbo, traces = counting(jax.vmap(jv.elbo, (0, None, None, None)))
    x, params = binary_batch()[0], init(tiny_vae(), jax.random.key(0))
    together = elbo(jv.stack(vaes), params, jax.random.key(10), x)
    assert len(traces) == 1
    alone = [jv.elbo(model, params, jax.random.key(10), x).value for model in vaes]
    np.testing.assert_allclose(together.value, alone, rtol=1e-5)
    assert len(set(np.asarray(alone).tolist())) == 3


def test_a_component_that_is_no_pytree_is_refused() -> None:
    class Plain(jv.priors.Prior):
        def distribution(self, model: jv.VAE, params: jv.typing.Params) -> jv.distributions.Normal:
            raise NotImplementedError

    with pytest.raises(jv.UserError, match=r"^VAE\.prior must be a description.*plain class Plain.*@jaxvae\.dataclass"):
        jv.VAE((3,), prior=Plain())


def test_double_precision_reaches_every_parameter() -> None:
    with jax.enable_x64(True):
        model = jv.VAE((3,), 2)
        params = jax.jit(model.init)(jax.random.key(0))
        assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype("float64")}
        assert jax.eval_shape(jv.elbo, model, params, jax.random.key(1), jnp.zeros(3)).value.dtype == jnp.float64
