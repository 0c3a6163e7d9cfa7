"""Rows of one-hot vectors, binary vectors and their relaxations, for the table of joint distributions."""

import itertools
from typing import Any

import numpy as np
from scipy import special, stats

from jaxvae import distributions, networks
from tests.components.joint import JointRow, Parameters

GROUPS, CLASSES = 2, 3


def one_hot_vectors(classes: int, groups: int) -> np.ndarray:
    """Every flat vector of one-hot groups, `[classes^groups, groups · classes]`."""
    return np.array([np.concatenate(rows) for rows in itertools.product(np.eye(classes), repeat=groups)])


def log_simplex_nodes(classes: int, points: int, spread: float = 40.0) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities and weights of one simplex, by the rectangle rule over the C − 1 log-ratios."""
    axis = np.linspace(-spread, spread, points)
    mesh = np.stack(np.meshgrid(*[axis] * (classes - 1), indexing="ij"), axis=-1).reshape(-1, classes - 1)
    u = special.log_softmax(np.concatenate([mesh, np.zeros((len(mesh), 1))], axis=1), axis=1)
    return u, np.full(len(u), (axis[1] - axis[0]) ** (classes - 1))


def concrete_log_prob(logits: np.ndarray, temperature: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Of one group, from the density of differences of Gumbels: Γ(C) e^(−Σ d) / (1 + Σ e^(−d))^C.

    d_k = τ (u_k − u_C) − (l_k − l_C).
    """
    d = temperature * (u[:, :-1] - u[:, -1:]) - (logits[:-1] - logits[-1])
    classes = len(logits)
    log_normaliser = special.logsumexp(np.concatenate([np.zeros((len(d), 1)), -d], axis=1), axis=1)
    log_density = special.gammaln(classes) - d.sum(1) - classes * log_normaliser
    return log_density + (classes - 1) * np.log(temperature)


def _pairs_nodes(_: Parameters | None = None) -> tuple[np.ndarray, np.ndarray]:
    u, weights = log_simplex_nodes(2, 501, spread=30.0)
    first, second = (index.ravel() for index in np.indices((len(u), len(u))))
    return np.concatenate([u[first], u[second]], axis=1), weights[first] * weights[second]


def log_odds_nodes() -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of pairs of log-odds."""
    points, weights = _pairs_nodes()
    return points[:, [0, 2]] - points[:, [1, 3]], weights


def _binary_concrete_log_prob(p: Parameters, u: np.ndarray) -> np.ndarray:
    """A logistic distribution with location logits / τ and scale 1 / τ, by scipy."""
    return stats.logistic.logpdf(u, p["logits"] / p["temperature"], 1 / p["temperature"]).sum(-1)


def _one_hot_log_prob(p: Parameters, z: np.ndarray) -> np.ndarray:
    probs = special.softmax(p["logits"].reshape(GROUPS, CLASSES), axis=1)
    return stats.multinomial(1, probs[0]).logpmf(z[:, :CLASSES]) + stats.multinomial(1, probs[1]).logpmf(z[:, CLASSES:])


def _straight_through(event_ndim: int | None, logits: Any, temperature: Any) -> distributions.StraightThrough:
    del event_ndim
    return distributions.StraightThrough(
        distributions.OneHot(logits, CLASSES), distributions.Concrete(logits, temperature, CLASSES)
    )


def _binary_straight_through(event_ndim: int | None, logits: Any, temperature: Any) -> distributions.StraightThrough:
    event_ndim = -1 if event_ndim is None else event_ndim
    return distributions.StraightThrough(
        distributions.Bernoulli(logits, event_ndim), distributions.BinaryConcrete(logits, temperature, event_ndim)
    )


def _tempered(rng: np.random.Generator, batch: int, size: int, groups: int) -> Parameters:
    return {"logits": rng.normal(size=(batch, size)), "temperature": rng.uniform(0.8, 1.6, size=(batch, groups))}


LENGTH = 4
LEVELS, CODES = 2, 3  # each level with two groups of codes with one dimension


def _autoregressive_categorical(event_ndim: int | None, kernel: Any, bias: Any) -> Any:
    del event_ndim
    made = networks.MADE(LENGTH, CLASSES, 0, (), num_inputs=CLASSES)
    return distributions.AutoregressiveCategorical(made, {"layer_0": {"kernel": kernel, "bias": bias}})


def _autoregressive_categorical_log_prob(p: Parameters, x: np.ndarray) -> np.ndarray:
    """Outputs in the order of classes, of all positions each; one-hot vectors pick rows of the kernel."""
    x, total = x.astype(int), np.zeros(len(x))
    for s in range(LENGTH):
        earlier = sum(
            (p["kernel"][CLASSES * j + x[:, j], s::LENGTH] for j in range(s)), start=np.zeros((len(x), CLASSES))
        )
        total += special.log_softmax(p["bias"][s::LENGTH] + earlier, axis=-1)[np.arange(len(x)), x[:, s]]
    return total


def _codebook_vectors_log_prob(p: Parameters, z: np.ndarray) -> np.ndarray:
    indices = np.abs(z.reshape(-1, LEVELS, 2, 1) - p["codebook"][:, None, :, 0]).argmin(-1).reshape(len(z), -1)
    return special.log_softmax(p["logits"], axis=-1)[np.arange(2 * LEVELS), indices].sum(-1)


def _codebook_vectors_nodes(p: Parameters) -> tuple[np.ndarray, np.ndarray]:
    levels = [level[:, 0] for level in p["codebook"] for _ in range(2)]
    return np.array(list(itertools.product(*levels))), np.ones(CODES ** (2 * LEVELS))


_ONE_HOT = {
    "event_shape": (GROUPS * CLASSES,),
    "log_prob": _one_hot_log_prob,
    "nodes": lambda _: (one_hot_vectors(CLASSES, GROUPS), np.ones(CLASSES**GROUPS)),
    "closed_form_kl": ("OneHot",),
}
_FAR_GROUPS = [1e4, 0.0, -1e4, -1e4, 0.0, 0.0]
_CORNERS = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]

DISCRETE: dict[str, JointRow] = {
    "OneHot": JointRow(
        make=lambda event_ndim, logits: distributions.OneHot(logits, CLASSES),
        family=distributions.OneHot,
        parameters=lambda rng, batch: {"logits": rng.normal(size=(batch, GROUPS * CLASSES))},
        extremes=(({"logits": _FAR_GROUPS}, _CORNERS), ({"logits": _FAR_GROUPS}, _CORNERS[::-1])),
        **_ONE_HOT,
    ),
    "StraightThrough": JointRow(
        has_plain_gradient=False,
        make=_straight_through,
        family=distributions.StraightThrough,
        parameters=lambda rng, batch: _tempered(rng, batch, GROUPS * CLASSES, GROUPS),
        extremes=(({"logits": _FAR_GROUPS, "temperature": [1e-4, 1e4]}, _CORNERS),),
        **_ONE_HOT,
    ),
    "StraightThrough-binary": JointRow(
        has_plain_gradient=False,
        make=_binary_straight_through,
        family=distributions.StraightThrough,
        parameters=lambda rng, batch: _tempered(rng, batch, 2, 2),
        event_shape=(2,),
        log_prob=lambda p, z: stats.bernoulli(special.expit(p["logits"])).logpmf(z.astype(int)).sum(-1),
        nodes=lambda _: (np.array(list(itertools.product([0.0, 1.0], repeat=2))), np.ones(4)),
        extremes=(({"logits": [1e4, -1e4], "temperature": [1e-4, 1e4]}, [0.0, 1.0]),),
        closed_form_kl=("Bernoulli",),
    ),
    "AutoregressiveCategorical": JointRow(
        make=_autoregressive_categorical,
        family=distributions.AutoregressiveCategorical,
        parameters=lambda rng, batch: {
            "kernel": rng.normal(size=(batch, LENGTH * CLASSES, LENGTH * CLASSES)),
            "bias": rng.normal(size=(batch, LENGTH * CLASSES)),
        },
        event_shape=(LENGTH,),
        log_prob=_autoregressive_categorical_log_prob,
        nodes=lambda _: (np.array(list(itertools.product(range(CLASSES), repeat=LENGTH))), np.ones(CLASSES**LENGTH)),
        has_mean=False,
    ),
    "CodebookVectors": JointRow(
        has_plain_gradient=False,
        make=lambda event_ndim, logits, codebook: distributions.CodebookVectors(
            distributions.Categorical(logits, 1), codebook
        ),
        family=distributions.CodebookVectors,
        parameters=lambda rng, batch: {
            "logits": rng.normal(size=(batch, 2 * LEVELS, CODES)),
            "codebook": rng.normal(size=(batch, LEVELS, CODES, 1)),
        },
        event_shape=(2 * LEVELS,),
        log_prob=_codebook_vectors_log_prob,
        nodes=_codebook_vectors_nodes,
        extremes=(({"logits": 1e4 * np.eye(4, 3), "codebook": 1e4 * np.ones((2, 3, 1))}, [1e4, -1e4, 0.0, 1.0]),),
        has_mean=False,
    ),
    "Concrete": JointRow(
        make=lambda event_ndim, logits, temperature: distributions.Concrete(logits, temperature, 3),
        family=distributions.Concrete,
        parameters=lambda rng, batch: _tempered(rng, batch, 3, 1),
        event_shape=(3,),
        log_prob=lambda p, u: concrete_log_prob(p["logits"], p["temperature"][0], u),
        nodes=lambda _: log_simplex_nodes(3, 401),
        extremes=(
            ({"logits": [1e4, 0.0, -1e4], "temperature": [0.5]}, [0.0, -2e4, -4e4]),
            ({"logits": [1e4, 0.0, -1e4], "temperature": [0.5]}, [-4e4, -2e4, 0.0]),
            ({"logits": [0.0, 0.0, 0.0], "temperature": [1e-4]}, [-1.6, -1.2, -0.7]),
            ({"logits": [0.0, 0.0, 0.0], "temperature": [1e4]}, [-1.6, -1.2, -0.7]),
        ),
        has_mean=False,
        tolerance=1e-4,
    ),
    "Concrete-pairs": JointRow(
        make=lambda event_ndim, logits, temperature: distributions.Concrete(logits, temperature, 2),
        family=distributions.Concrete,
        parameters=lambda rng, batch: _tempered(rng, batch, 4, 2),
        event_shape=(4,),
        log_prob=lambda p, u: (
            concrete_log_prob(p["logits"][:2], p["temperature"][0], u[:, :2])
            + concrete_log_prob(p["logits"][2:], p["temperature"][1], u[:, 2:])
        ),
        nodes=_pairs_nodes,
        has_mean=False,
        tolerance=1e-4,
    ),
    "BinaryConcrete": JointRow(
        make=lambda event_ndim, logits, temperature: distributions.BinaryConcrete(
            logits, temperature, -1 if event_ndim is None else event_ndim
        ),
        family=distributions.BinaryConcrete,
        parameters=lambda rng, batch: _tempered(rng, batch, 2, 2),
        event_shape=(2,),
        log_prob=_binary_concrete_log_prob,
        nodes=lambda _: log_odds_nodes(),
        extremes=(
            ({"logits": [1e4, -1e4], "temperature": [0.5, 0.5]}, [2e4, -2e4]),
            ({"logits": [1e4, -1e4], "temperature": [0.5, 0.5]}, [-2e4, 2e4]),
            ({"logits": [0.0, 0.0], "temperature": [1e-4, 1e4]}, [-0.4, 0.8]),
        ),
    ),
}
