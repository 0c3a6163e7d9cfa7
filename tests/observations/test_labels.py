"""Labels: a class over normal latents against enumeration and quadrature, known classes, and a few labels of many."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import jaxvae as jv
from jaxvae import networks, objectives, posteriors, priors
from jaxvae.data import Dataset, Split, load
from jaxvae.data.known_labels import with_known_labels
from jaxvae.distributions import Normal, OneHot
from jaxvae.distributions.hierarchy import Classwise, Hierarchy
from jaxvae.evaluation import class_probs, importance_estimate
from jaxvae.observation import Observation
from jaxvae.runs.data_flags import DataFlags
from tests.data.helpers import user_error
from tests.helpers import assert_mean, keys

CLASSES, DIM, SIZE = 3, 2, 5
STEP = jnp.zeros((), jnp.int32)


def model(normal: str = "learned", *, sees: bool = True) -> jv.VAE:
    """p(y) p(v|y) p(x|y, v) over five binary pixels."""
    return jv.VAE(
        (SIZE,),
        CLASSES + DIM,
        networks.MLP((7,)),
        networks.MLP((6,), output_gain=1.0),
        posteriors.ClassAndNormal(CLASSES, 4, networks.MLP((5,)), decoder_sees_class=sees),
        priors.ClassAndNormal(CLASSES, normal, "learned"),  # type: ignore[arg-type]
    )


def fresh(vae: jv.VAE) -> Any:
    """Parameters at which classes and latents matter."""
    params: Any = vae.init(jax.random.key(0))
    params["prior"]["logits"] = jnp.array([0.3, -0.5, 0.9])
    if "raw_scale" in params["prior"]:
        params["prior"]["loc"] *= 0.4
        params["prior"]["raw_scale"] = 0.1 * jax.random.normal(jax.random.key(7), (CLASSES, DIM))
    return params


def log_joints(vae: jv.VAE, params: Any, x: jax.Array) -> np.ndarray:
    """log p(x, y) of each class, by a sum over a grid of v, `[CLASSES]`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, DIM)
    log_weights = np.log(np.outer(weights, weights).ravel() / (2 * np.pi))
    prior = vae.prior.distribution(vae, params)
    found = []
    for y in np.eye(CLASSES, dtype=np.float32):
        of_v: Any = prior.link(jnp.asarray(y))  # type: ignore[attr-defined]
        v = np.asarray(of_v.loc) + np.asarray(of_v.scale) * grid
        z = jnp.asarray(np.concatenate([np.broadcast_to(y, (len(v), CLASSES)), v], axis=1), jnp.float32)
        log_likelihood = jax.vmap(lambda z: vae.decode(params, z).log_prob(x))(z)
        log_prior = float(prior.first.log_prob(jnp.asarray(y)))  # type: ignore[attr-defined]
        found.append(log_prior + special.logsumexp(np.asarray(log_likelihood, np.float64) + log_weights))
    return np.array(found)


@pytest.mark.parametrize(("normal", "sees"), [("learned", True), ("standard", True), ("learned", False)])
def test_log_p_with_and_without_the_label_against_enumeration_and_quadrature(normal: str, sees: bool) -> None:
    """log p(x) = log Σ_y p(x, y) where the label is not known, and log p(x, y) where it is."""
    vae = model(normal, sees=sees)
    params, x = fresh(vae), jnp.array([1.0, 0.0, 1.0, 1.0, 0.0])
    joints = log_joints(vae, params, x)
    expected = [special.logsumexp(joints), *joints]
    examples = Observation(jnp.broadcast_to(x, (4, SIZE)), label=jnp.array([-1, 0, 1, 2]))
    estimate = jax.jit(jax.vmap(lambda key, one: importance_estimate(vae, params, key, one, 20_000)))
    found = estimate(keys(1, 4), examples)
    assert np.all(np.asarray(found.draw_error) < 0.04)
    assert np.all(np.abs(np.asarray(found.log_marginal) - expected) < 6 * np.asarray(found.draw_error))


def test_the_enumerated_elbo_is_the_mean_of_the_sampled_one() -> None:
    """The sum over y is exact: less noise, the same mean, and the gradient of the score function's mean."""
    vae = model()
    params, x = fresh(vae), jnp.array([1.0, 0.0, 1.0, 1.0, 0.0])
    enumerated, sampled = objectives.ELBO(expectation="enumerated"), objectives.ELBO(num_samples=2)

    def values(objective: Any, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        def value(params: Any) -> jax.Array:
            return objective.bound(vae, params, key, x, STEP)[0]

        found, gradient = jax.value_and_grad(value)(params)
        return found, gradient["encoder"]["params"]["Dense_1"]["bias"][:CLASSES]

    one, other = (jax.jit(jax.vmap(lambda key, o=o: values(o, key)))(keys(2, 8000)) for o in (enumerated, sampled))
    assert_mean(other[0], float(jnp.mean(one[0])), 6.5)
    assert float(jnp.std(one[0])) < float(jnp.std(other[0]))
    for d in range(CLASSES):
        error = np.sqrt(np.var(one[1][:, d]) / 8000 + np.var(other[1][:, d]) / 8000)
        assert abs(float(jnp.mean(one[1][:, d]) - jnp.mean(other[1][:, d]))) < 6 * error


def test_the_closed_form_kl_is_the_mean_of_the_sampled_one() -> None:
    q = Hierarchy(OneHot(jnp.array([0.2, -1.0, 0.5]), 3), Classwise(_normals(1)), 3)
    p = Hierarchy(OneHot(jnp.array([0.9, 0.1, -0.4]), 3), Classwise(_normals(2)), 3)

    def term(key: jax.Array) -> jax.Array:
        z, log_q = q.sample_and_log_prob(key)
        return log_q - p.log_prob(z)

    kl = q.closed_form_kl(p)
    assert kl is not None
    assert_mean(jax.jit(jax.vmap(term))(keys(0, 20_000)), float(kl), 6)
    known = q.with_class(jnp.asarray(1)).closed_form_kl(p)
    of_rest = q.link(jnp.eye(3)[1]).closed_form_kl(p.link(jnp.eye(3)[1]))
    assert float(known) == pytest.approx(float(of_rest - p.class_log_probs[1]), rel=1e-5)  # type: ignore[arg-type]


def _normals(seed: int) -> Normal:
    rng = np.random.default_rng(seed)
    return Normal(
        jnp.asarray(rng.normal(size=(3, 2)), jnp.float32), jnp.asarray(rng.uniform(0.5, 2, (3, 2)), jnp.float32), 1
    )


def test_the_classification_term_is_that_of_the_encoder_alone() -> None:
    """α log q(y|x) of the true class where it is known, nothing elsewhere; its gradient moves the encoder's classes."""
    vae = model()
    params, x = fresh(vae), jnp.ones(SIZE)
    objective = objectives.SemiSupervised(weight=7.0)
    q: Any = vae.encode(params, x)
    for label in (-1, 0, 2):
        given, value = vae.given(Observation(x, label=label))
        bound, metrics = objective.bound(given, params, jax.random.key(1), value, STEP)
        log_prob = float(q.class_log_probs[label]) if label >= 0 else 0.0
        assert float(metrics["label_log_prob"]) == pytest.approx(log_prob, abs=1e-6)
        assert float(bound) == pytest.approx(float(metrics["elbo"]) + 7.0 * log_prob, rel=1e-5)

    def term(params: Any, label: int) -> jax.Array:
        return vae.given(Observation(x, label=label))[0].label_log_prob(params, x)

    moved = jax.grad(term)(params, 2)["encoder"]["params"]["Dense_1"]["bias"]
    assert float(jnp.max(jnp.abs(moved[:CLASSES]))) > 0.1
    assert float(jnp.max(jnp.abs(moved[CLASSES:]))) == 0.0


def test_own_classes_of_a_model() -> None:
    vae = model()
    params, x = fresh(vae), jnp.ones(SIZE)
    q: Any = vae.encode(params, x)
    np.testing.assert_allclose(class_probs(vae, params, jax.random.key(0), x), np.exp(q.class_log_probs), rtol=1e-6)
    mixture = jv.VAE((SIZE,), 2, prior=priors.NormalMixture(3))
    own = mixture.init(jax.random.key(0))
    z = np.asarray(mixture.encode(own, x).mean)
    shares = [float(Normal(loc, jnp.ones(2)).log_prob(jnp.asarray(z))) for loc in own["prior"]["loc"]]
    np.testing.assert_allclose(class_probs(mixture, own, jax.random.key(0), x), special.softmax(shares), rtol=1e-3)
    plain = jv.VAE((SIZE,), 2)
    with pytest.raises(jv.UserError, match="clusters need a model whose z has a class"):
        class_probs(plain, plain.init(jax.random.key(0)), jax.random.key(0), x)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        *((label, "must be one of the classes 0 to 2, or -1 where it is not known") for label in (3, 0.5, -2)),
        ([1], r"got an array of shape \(1,\): jax.vmap over examples"),
        ("cat", "a label must be an array of real numbers, got 'cat'"),
    ],
)
def test_an_unknown_label_is_one_line(label: Any, words: str) -> None:
    vae = model()
    params = fresh(vae)
    with pytest.raises(jv.UserError, match=words):
        jv.elbo(vae, params, jax.random.key(0), Observation(jnp.ones(SIZE), label=label))


@pytest.mark.parametrize(
    "vae", [model(), jv.VAE((SIZE,), 3, posterior=posteriors.Categorical(3), prior=priors.UniformCategorical(3))]
)
def test_a_label_that_is_wrong_only_at_run_time_makes_all_nan(vae: jv.VAE) -> None:
    params, x = vae.init(jax.random.key(0)), jnp.ones(SIZE)

    def values(label: Any) -> tuple[jax.Array, jax.Array]:
        example = Observation(x, label=label)
        value = jv.elbo(vae, params, jax.random.key(0), example).value
        return value, vae.given(example)[0].label_log_prob(params, x)

    labels = jnp.array([-2.0, 0.5, 3.0, 7.0, jnp.nan, -1.0, 0.0, 2.0])
    for found, alone in zip(jax.jit(jax.vmap(values))(labels), zip(*map(values, (-1, 0, 2)), strict=True), strict=True):
        assert np.isnan(found[1:5]).all()
        np.testing.assert_allclose(found[5:], jnp.stack(alone), rtol=1e-6)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: jv.VAE((4,), 3, posterior=posteriors.ClassAndNormal(3), prior=priors.ClassAndNormal(3)), "above 3"),
        (lambda: jv.VAE((4,), 9, posterior=posteriors.ClassAndNormal(3), prior=priors.ClassAndNormal(4)), "share one"),
        (lambda: jv.VAE((4,), 9, posterior=posteriors.ClassAndNormal(3)), "StandardNormal over real vectors"),
        (lambda: posteriors.ClassAndNormal(1), "must be >= 2"),
        (lambda: priors.ClassAndNormal(3, "wide"), "must be one of standard, learned"),  # type: ignore[arg-type]
        (lambda: objectives.SemiSupervised(objectives.SemiSupervised()), "must be another bound, got SemiSupervised"),
        (lambda: objectives.SemiSupervised(objectives.FreeBits()), "must be a"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_description_is_one_line(build: Any, words: str) -> None:
    with pytest.raises(jv.UserError, match=words) as error:
        build()
    assert "\n" not in str(error.value)


def test_the_exact_log_p_needs_all_of_z_discrete() -> None:
    from jaxvae.evaluation import exact_log_marginal

    vae = model()
    with pytest.raises(jv.UserError, match="latents of which only a part is discrete"):
        exact_log_marginal(vae, fresh(vae), jnp.ones(SIZE))


def labelled(count: int = 200) -> Dataset:
    rng = np.random.default_rng(0)
    part = Split(rng.normal(size=(count, 4)).astype(np.float32), rng.integers(0, 4, count))
    return Dataset("mine", part, part, part, None)


def test_a_few_labels_are_balanced_and_repeated_to_their_share() -> None:
    found = with_known_labels(labelled(), 10, share=0.25, seed=3)
    known = found.train.known_labels
    assert known is not None
    once = known[:200]
    assert sorted(np.bincount(once[once >= 0]).tolist()) == [2, 2, 3, 3]
    np.testing.assert_array_equal(once[once >= 0], found.train.labels[:200][once >= 0])  # type: ignore[index]
    assert abs((known >= 0).mean() - 0.25) < 0.03
    assert found.validation.known_labels is None
    assert found.test.known_labels is None
    other = with_known_labels(labelled(), 10, seed=4).train.known_labels
    assert other is not None
    assert len(other) == 200
    assert not np.array_equal(once, other)
    every = with_known_labels(labelled(), 10_000).train.known_labels
    assert every is not None
    assert np.all(every >= 0)


def test_what_is_wrong_with_labels_is_one_line() -> None:
    with user_error("`labels` must be >= 1, the number of known labels, got 0: no label at all is known"):
        with_known_labels(labelled(), 0)
    with user_error("`labelled_share` must be >= 0 and < 1, got 1.0"):
        with_known_labels(labelled(), 3, share=1.0)
    part = Split(np.zeros((3, 2), np.float32))
    with user_error("`labels` needs labels of the training examples, -1 where not known, got none in bare"):
        with_known_labels(Dataset("bare", part, part, part, None), 3)
    part = Split(np.zeros((3, 2), np.float32), np.full(3, -1))
    with user_error("needs training examples with labels 0, 1, …, got -1 for all 3 of bare: no label at all is known"):
        with_known_labels(Dataset("bare", part, part, part, None), 3)
    with user_error("`labels_seed` must lie between 0 and 2**32 - 1, got -1"):
        with_known_labels(labelled(), 3, seed=-1)
    for name, value in (("labels_seed", 3), ("labelled_share", 0.3)):
        with user_error(f"`{name}` needs known labels, got none: give `labels=100`"):
            DataFlags(**{name: value})  # type: ignore[arg-type]


def test_labels_are_chosen_among_those_that_a_file_knows(tmp_path: Path) -> None:
    labels = np.where(np.arange(60) % 3 == 0, -1, np.arange(60) % 4)
    np.savez(tmp_path / "a.npz", train=np.ones((60, 2)), test=np.ones((9, 2)), y_train=labels, y_test=np.arange(9))
    known = with_known_labels(load(str(tmp_path / "a.npz")), 8).train.known_labels
    assert known is not None
    assert np.bincount(known[known >= 0]).tolist() == [2, 2, 2, 2]
    for wrong, words in ((labels - 1, "-1 where the class is not known, got -2"), (labels + 0.5, "got float64 (60,)")):
        np.savez(tmp_path / "b.npz", x=np.ones((60, 2)), y=wrong)
        with user_error(words):
            load(str(tmp_path / "b.npz"))
