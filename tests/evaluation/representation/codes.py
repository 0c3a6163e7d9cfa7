"""Factors and codes whose scores are known."""

import numpy as np

VALUES = (3, 4, 5)


def every_combination(times: int, values: tuple[int, ...] = VALUES) -> np.ndarray:
    """Each combination of the factors' values `times` times, `[N, F]`: independent and uniform, exactly."""
    return np.tile(np.indices(values).reshape(len(values), -1).T, (times, 1))


def perfect(factors: np.ndarray) -> np.ndarray:
    """One code a factor, in another order and by another monotone map each, and a constant code."""
    curved = [np.exp(0.4 * factors[:, 2]), -(factors[:, 0].astype(float) ** 3), 5.0 * factors[:, 1]]
    return np.stack([*curved, np.full(len(factors), 2.5)], axis=1)


def equally_entangled(times: int) -> tuple[np.ndarray, np.ndarray]:
    """4 codes that each tell as much of each of 4 factors, by symmetry: ±½ of all of them; and the factors."""
    factors = every_combination(times, (5, 5, 5, 5))
    signs = np.asarray([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
    return (factors - 2) @ signs / 2, factors


def noise(num_examples: int, dim: int = 7, seed: int = 0) -> np.ndarray:
    """Codes that know nothing."""
    return np.random.default_rng(seed).normal(size=(num_examples, dim))
