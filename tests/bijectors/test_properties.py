"""What each bijector promises beyond being one: order, orthonormality, smoothness, and its paper's formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import bijectors, networks
from jaxvae.bijectors.rational_quadratic import rational_quadratic
from jaxvae.bijectors.sylvester import orthonormalized
from jaxvae.objectives.estimators import PathOnly
from jaxvae.typing import Array, Params

DIM = 5


def noisy(weights: Params, seed: int = 0) -> Params:
    """Weights far from their start."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: leaf + jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype), weights)


@pytest.mark.parametrize("features", [(), (7,), (11, 4, 6)], ids=str)
@pytest.mark.parametrize("context_dim", [0, 3])
def test_made_sees_the_earlier_dimensions_and_all_of_the_context(features: tuple[int, ...], context_dim: int) -> None:
    made = networks.MADE(DIM, 2, context_dim, features, "tanh")
    weights = noisy(made.init(jax.random.key(0)))
    arguments = jnp.linspace(-1.0, 1.0, DIM), jnp.linspace(0.2, 0.7, context_dim)
    by_z, by_context = jax.jit(jax.jacobian(lambda z, context: made.apply(weights, z, context), (0, 1)))(*arguments)
    assert by_z.shape == (2, DIM, DIM)
    later = np.triu(np.ones((DIM, DIM))) > 0  # d' ≥ d
    assert np.all(by_z[:, later] == 0)
    if not features or min(features) >= DIM:
        assert np.all(by_z[:, ~later] != 0)
    assert np.all(by_context != 0)


def test_made_with_few_units_sees_the_nearest_and_the_farthest_dimension() -> None:
    made = networks.MADE(20, 1, 0, (6, 5), "tanh")
    weights = noisy(made.init(jax.random.key(0)))
    seen = jax.jit(jax.jacobian(lambda z: made.apply(weights, z)[0]))(jnp.linspace(-1.0, 1.0, 20)) != 0
    assert not np.any(np.triu(seen))
    assert np.all(seen[19, [0, 18]])
    assert np.all(np.any(seen, axis=1)[1:])
    assert np.all(np.any(seen, axis=0)[:19])


def test_maf_scores_and_iaf_samples_in_one_pass() -> None:
    """By the paper's formula, with the network's own numbers; the Jacobians are lower triangular."""
    context, z = jnp.asarray([0.3, -0.8]), jnp.asarray([0.5, -1.0, 2.0, 0.1, -0.4])
    made = networks.MADE(DIM, 2, 2, (9,), "tanh")
    weights = noisy(made.init(jax.random.key(0)))
    shift, raw = np.asarray(made.apply(weights, z, context), np.float64)
    log_scale = 3 * np.tanh(raw / 3)
    x, log_det = bijectors.IAF((9,), "tanh").forward_and_log_det(weights, context, z)
    np.testing.assert_allclose(x, z * np.exp(log_scale) + shift, rtol=2e-5)
    np.testing.assert_allclose(log_det, log_scale.sum(), rtol=2e-5)
    maf = bijectors.MAF((9,), "tanh")
    u, log_det = maf.inverse_and_log_det(weights, context, z)
    np.testing.assert_allclose(u, (z - shift) * np.exp(-log_scale), rtol=2e-5)
    np.testing.assert_allclose(log_det, -log_scale.sum(), rtol=2e-5)
    jacobian = jax.jit(jax.jacfwd(lambda z: maf.forward_and_log_det(weights, context, z)[0]))(z)
    assert np.all(np.triu(jacobian, 1) == 0)
    assert np.all(np.diagonal(jacobian) > 0)
    assert np.any(np.tril(jacobian, -1) != 0)


@pytest.mark.parametrize(
    "coupling",
    [bijectors.AffineCoupling(networks.MLP((4,), "tanh")), bijectors.SplineCoupling()],
    ids=["affine", "spline"],
)
def test_coupling_passes_the_smaller_half(coupling: bijectors.Bijector) -> None:
    z = jnp.asarray([0.5, -1.0, 2.0, 0.1, -0.4])
    weights = noisy(coupling.init(jax.random.key(0), DIM, 0))
    jacobian = jax.jit(jax.jacfwd(lambda z: coupling.forward_and_log_det(weights, jnp.zeros(0), z)[0]))(z)
    np.testing.assert_array_equal(jacobian[:2], np.eye(2, DIM))
    assert np.all(jacobian[2:, :2] != 0)
    own = np.asarray(jacobian)[2:, 2:]
    assert np.all(np.diagonal(own) > 0)
    np.testing.assert_array_equal(own, np.diag(np.diagonal(own)))


@pytest.mark.slow
@pytest.mark.parametrize("coupling", [bijectors.AffineCoupling(split=4), bijectors.SplineCoupling(split=4)])
def test_a_split_says_how_many_dimensions_pass(coupling: bijectors.Bijector) -> None:
    weights = noisy(coupling.init(jax.random.key(0), DIM, 0))
    jacobian = jax.jacfwd(lambda z: coupling.forward_and_log_det(weights, jnp.zeros(0), z)[0])(0.3 * jnp.ones(DIM))
    np.testing.assert_array_equal(jacobian[:4], np.eye(4, DIM))
    assert np.all(jacobian[4] != 0)
    with pytest.raises(jv.UserError, match="split must be < the number of dimensions 4, got 4"):
        coupling.init(jax.random.key(0), 4, 0)


BOUND, BINS = 2.0, 6
RAW = np.random.default_rng(0).normal(size=3 * BINS - 1)


def spline(x: np.ndarray, raw: np.ndarray = RAW) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes in float64."""
    with jax.enable_x64(True):
        both = jax.vmap(lambda x: rational_quadratic(jnp.asarray(raw), x, BOUND, is_inverse=False))
        value, log_slope = jax.jit(both)(jnp.asarray(x))
        return np.asarray(value), np.exp(np.asarray(log_slope))


def test_spline_rises_with_a_continuous_slope() -> None:
    """Over a fine grid the slope is that of differences, and has no jump: at the knots above all."""
    x = np.linspace(-2.5, 2.5, 20_001)
    value, slope = spline(x)
    assert np.all(np.diff(value) > 0)
    step = x[1] - x[0]
    np.testing.assert_allclose(np.diff(value) / step, 0.5 * (slope[1:] + slope[:-1]), atol=2e-3)
    assert np.max(np.abs(np.diff(slope))) < 50 * step
    assert np.max(slope) > 1.5 * np.min(slope)


def test_spline_is_the_identity_outside() -> None:
    x = np.array([-1e4, -2.0, 2.0, 2.0001, 77.0])
    value, slope = spline(x)
    np.testing.assert_array_equal(value, x)
    np.testing.assert_array_equal(slope, np.ones(5))
    value, slope = spline(np.array([-2 + 1e-9, 2 - 1e-9]))  # and joins it without a step
    np.testing.assert_allclose(value, [-2.0, 2.0], atol=1e-7)
    np.testing.assert_allclose(slope, np.ones(2), atol=1e-6)


def test_spline_zeros_give_the_identity() -> None:
    x = np.linspace(-1.9, 1.9, 11)
    value, slope = spline(x, raw=np.zeros(3 * BINS - 1))
    np.testing.assert_allclose(value, x, atol=1e-12)
    np.testing.assert_allclose(slope, np.ones(11), atol=1e-12)


def test_spline_passes_through_its_knots_with_its_slopes() -> None:
    """Widths and heights are softmaxes of which each bin has a thousandth at least, slopes a softplus."""
    shares = [0.001 + (1 - 0.006) * np.exp(part) / np.exp(part).sum() for part in (RAW[:BINS], RAW[BINS : 2 * BINS])]
    xs, ys = (BOUND * (2 * np.cumsum(share)[:-1] - 1) for share in shares)
    slopes = 0.001 + 0.999 * np.log1p(np.exp(RAW[2 * BINS :] + np.log(np.expm1(1.0))))
    value, slope = spline(xs)
    np.testing.assert_allclose(value, ys, atol=1e-10)
    np.testing.assert_allclose(slope, slopes, rtol=1e-9)


def test_planar_follows_its_paper() -> None:
    """wᵀû > −1 where wᵀu is far below, and the log-determinant of equation 12."""
    u, w, b, z = np.array([3.0, -1.0]), np.array([-2.0, 0.5]), 0.3, np.array([0.2, 0.1])
    context = jnp.asarray([*u, *w, b], jnp.float32)
    y, log_det = bijectors.Planar().forward_and_log_det({}, context, jnp.asarray(z, jnp.float32))
    slope = 0.999 * np.log1p(np.exp(w @ u + np.log(np.expm1(1.0)))) + 0.001 - 1
    constrained = u + (slope - w @ u) * w / (w @ w)
    bend = np.tanh(w @ z + b)
    assert w @ u < -1 < w @ constrained
    np.testing.assert_allclose(y, z + constrained * bend, rtol=1e-5)
    np.testing.assert_allclose(log_det, np.log1p(w @ constrained * (1 - bend**2)), rtol=1e-4)


def test_householder_is_the_reflection_matrix() -> None:
    v, z = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.7, -1.1])
    y, log_det = bijectors.Householder().forward_and_log_det({}, *(jnp.asarray(x, jnp.float32) for x in (v, z)))
    np.testing.assert_allclose(y, (np.eye(3) - 2 * np.outer(v, v) / (v @ v)) @ z, rtol=1e-5)
    assert log_det == 0


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_columns_are_orthonormal_whatever_the_matrix(scale: float) -> None:
    """To rounding: random, dependent and zero columns; and they span what the matrix spans."""
    random = np.random.default_rng(0).normal(size=(DIM, 3)) * scale
    dependent = random[:, [0, 0, 1]] * [1.0, -2.0, 1.0]
    matrices = jnp.asarray(np.stack([random, dependent, 0 * random, random * [1.0, 0.0, 1.0]]), jnp.float32)
    q = np.asarray(jax.jit(jax.vmap(orthonormalized))(matrices))
    np.testing.assert_allclose(np.swapaxes(q, 1, 2) @ q, np.broadcast_to(np.eye(3), (4, 3, 3)), atol=1e-6)
    np.testing.assert_allclose(q[0] @ q[0].T @ random, random, atol=2e-6 * scale)
    gradient = jax.jit(jax.vmap(jax.jacrev(orthonormalized)))(matrices)
    assert np.all(np.isfinite(gradient))
    assert np.any(gradient[0] != 0)


@pytest.mark.parametrize("kind", ["orthogonal", "householder", "triangular"])
def test_sylvester_follows_its_paper(kind: str) -> None:
    """y − z lies in the span of Q, and R₁, R₂ are as the docstring says."""
    bijector = bijectors.Sylvester(kind, num_columns=2, num_reflections=2)  # type: ignore[arg-type]
    context = np.random.default_rng(0).normal(size=bijector.context_size(4, 0))
    m = 2 if kind == "orthogonal" else 4
    full, diagonal, b, vectors = np.split(context, [m**2, m**2 + m, m**2 + 2 * m])
    full = full.reshape(m, m)
    r1 = np.triu(full, 1) + np.diag(0.999 * np.tanh(np.diag(full)))
    r2 = np.tril(full, -1).T + np.diag(0.999 * np.tanh(diagonal))
    q = np.eye(4)
    if kind == "orthogonal":
        q, _ = np.linalg.qr(vectors.reshape(2, 4).T)  # LAPACK's algorithm is Householder's too
    if kind == "householder":
        for v in vectors.reshape(2, 4):
            q = q @ (np.eye(4) - 2 * np.outer(v, v) / (v @ v))
    z = np.array([0.3, -1.0, 0.7, 2.0])
    inside = r2 @ q.T @ z + b
    y, log_det = bijector.forward_and_log_det({}, *(jnp.asarray(x, jnp.float32) for x in (context, z)))
    np.testing.assert_allclose(y, z + q @ r1 @ np.tanh(inside), rtol=1e-4, atol=1e-5)
    determinant = np.prod(1 + np.diag(r1) * np.diag(r2) * (1 - np.tanh(inside) ** 2))
    np.testing.assert_allclose(log_det, np.log(determinant), rtol=1e-4, atol=1e-5)


def test_chain_goes_in_order_and_gives_each_member_its_part_of_the_context() -> None:
    members = (bijectors.Planar(), bijectors.IAF((6,)), bijectors.Permutation("random", 1), bijectors.MAF((6,)))
    chain, z = bijectors.Chain(members), jnp.asarray([0.5, -1.0, 0.3])
    context = jnp.linspace(-1.0, 1.0, chain.context_size(3, 2))
    assert context.size == 7 + 2 + 0 + 2
    weights = noisy(chain.init(jax.random.key(0), 3, 2))
    y, total = chain.forward_and_log_det(weights, context, z)
    expected, log_dets = z, []
    for index, (member, part) in enumerate(zip(members, jnp.split(context, [7, 9, 9]), strict=True)):
        expected, log_det = member.forward_and_log_det(weights[f"{index}"], part, expected)
        log_dets.append(log_det)
    np.testing.assert_allclose(y, expected, rtol=1e-5)
    np.testing.assert_allclose(total, sum(log_dets), rtol=1e-5)


def test_repeat_turns_every_second_layer_round() -> None:
    layer, z = bijectors.IAF((6,)), jnp.asarray([0.5, -1.0, 0.3])
    stack = bijectors.Repeat(layer, 3)
    weights, context = noisy(stack.init(jax.random.key(0), 3, 2)), jnp.linspace(-1.0, 1.0, 6)
    y, total = stack.forward_and_log_det(weights, context, z)
    expected, log_dets = z, []
    for index in range(3):
        order = slice(None, None, -1 if index == 1 else 1)
        own = jax.tree.map(lambda leaf, index=index: leaf[index], weights)
        out, log_det = layer.forward_and_log_det(own, context[2 * index : 2 * index + 2], expected[order])
        expected = out[order]
        log_dets.append(log_det)
    np.testing.assert_allclose(y, expected, rtol=1e-5)
    np.testing.assert_allclose(total, sum(log_dets), rtol=1e-5)


def test_random_orders_are_fixed_by_their_seed() -> None:
    def order(seed: int) -> list[float]:
        return bijectors.Permutation("random", seed).forward_and_log_det({}, jnp.zeros(0), jnp.arange(9.0))[0].tolist()

    assert order(1) == order(1) != order(2)
    assert sorted(order(1)) == list(range(9))


@jv.dataclass
class Cube(bijectors.Bijector):
    """A user's own, without an inverse."""

    def context_size(self, dim: int, context_dim: int) -> int:
        """0: it needs no context."""
        del dim, context_dim
        return 0

    def forward_and_log_det(self, weights: Params, context: Array, z: Array) -> tuple[Array, Array]:
        """z³ + z."""
        del weights, context
        return z**3 + z, jnp.sum(jnp.log1p(3 * z**2))


def test_without_an_inverse_a_flow_samples_and_says_what_it_cannot() -> None:
    model = jv.VAE((4,), 2, posterior=jv.posteriors.Flow(Cube()))
    params = jv.init(model, jax.random.key(0))
    assert np.isfinite(jv.elbo(model, params, jax.random.key(1), jnp.ones(4)).value)
    q = model.encode(params, jnp.ones(4))
    with pytest.raises(jv.UserError, match="Cube has no inverse"):
        model.draw(params, jax.random.key(1), jnp.ones(4), posterior=PathOnly(q, 1.0))
    model = jv.VAE((4,), 2, prior=jv.priors.Flow(Cube()))
    with pytest.raises(jv.UserError, match="Cube has no inverse"):
        jv.elbo(model, jv.init(model, jax.random.key(0)), jax.random.key(1), jnp.ones(4))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: bijectors.SplineCoupling(num_bins=0), "num_bins must be >= 1"),
        (lambda: bijectors.SplineCoupling(tail_bound=0), "tail_bound must be > 0"),
        (lambda: bijectors.MAF(features=(0,)), "features must be >= 1"),
        (lambda: bijectors.IAF(activation="rleu"), "did you mean relu"),
        (lambda: bijectors.Sylvester("orthogonl"), "did you mean orthogonal"),
        (lambda: bijectors.Sylvester(num_columns=0), "num_columns must be >= 1"),
        (lambda: bijectors.Sylvester(num_columns=3).context_size(2, 0), "num_columns must be at most the 2"),
        (lambda: bijectors.Permutation("revers"), "did you mean reverse"),
        (lambda: bijectors.Chain(()), "one bijector or more"),
        (lambda: bijectors.Repeat(num_layers=0), "num_layers must be >= 1"),
        (lambda: jv.posteriors.Flow(num_layers=0), "num_layers must be >= 1"),
        (lambda: jv.posteriors.Flow(context_dim=-1), "context_dim must be >= 0"),
        (lambda: jv.posteriors.Flow(networks.MLP()), "jaxvae.bijectors"),
        (lambda: jv.priors.Flow(num_layers=0), "num_layers must be >= 1"),
        (lambda: jv.priors.Autoregressive(num_components=0), "num_components must be >= 1"),
    ],
)
def test_bad_numbers_are_refused_in_one_line(build: object, message: str) -> None:
    with pytest.raises(jv.UserError, match=message):
        build()  # type: ignore[operator]
