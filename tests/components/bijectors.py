"""Rows of bijectors."""

from collections.abc import Callable

from jaxvae import bijectors, networks

BIJECTORS: dict[str, Callable[[], bijectors.Bijector]] = {
    "AffineCoupling": lambda: bijectors.AffineCoupling(networks.MLP((6,), activation="tanh")),
    "AffineCoupling-split": lambda: bijectors.AffineCoupling(networks.MLP((6,), activation="tanh"), split=1),
    "SplineCoupling": lambda: bijectors.SplineCoupling(network=networks.MLP((6,), activation="tanh")),
    "MAF": lambda: bijectors.MAF(features=(7, 6), activation="tanh"),
    "MAF-linear": lambda: bijectors.MAF(features=()),
    "IAF": lambda: bijectors.IAF(features=(7,), activation="silu"),
    "Planar": bijectors.Planar,
    "Householder": bijectors.Householder,
    "Sylvester-orthogonal": bijectors.Sylvester,
    "Sylvester-columns": lambda: bijectors.Sylvester(num_columns=1),
    "Sylvester-householder": lambda: bijectors.Sylvester("householder", num_reflections=3),
    "Sylvester-triangular": lambda: bijectors.Sylvester("triangular"),
    "Permutation": bijectors.Permutation,
    "Permutation-random": lambda: bijectors.Permutation("random", seed=3),
    "Chain": lambda: bijectors.Chain(
        (bijectors.Planar(), bijectors.MAF((5,), "tanh"), bijectors.Permutation(), bijectors.IAF((5,), "tanh"))
    ),
    "Repeat": lambda: bijectors.Repeat(bijectors.SplineCoupling(network=networks.MLP((4,), "tanh")), num_layers=3),
}
