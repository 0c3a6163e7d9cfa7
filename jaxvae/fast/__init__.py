"""Fast forms of formulas, each beside its plain twin, and one switch that takes the plain ones: `JAXVAE_FAST=0`.

This folder holds what is rewritten because of how XLA compiles it, mostly on a CPU. For a function `f`, `plain_f` is
the formula in plain `jax.numpy` or `jax.random`, and `fast_f` gives the same numbers up to rounding. `f` itself takes
one of the two, by `is_fast`. Other folders import `f` alone. This folder imports only types, errors and the hardware.
"""

from jaxvae.fast.at_once import batches_at_once, draws_at_once
from jaxvae.fast.bernoulli_log_prob import bernoulli_log_prob
from jaxvae.fast.binarize import bernoulli_of_levels
from jaxvae.fast.normal_draws import standard_normal
from jaxvae.fast.parts import fitting_parts
from jaxvae.fast.plus_bias import plus_bias
from jaxvae.fast.random_words import random_words
from jaxvae.fast.row_products import row_products
from jaxvae.fast.softplus import softplus
from jaxvae.fast.switch import is_fast
from jaxvae.fast.triangular import cholesky, solve_lower, solve_upper
from jaxvae.fast.window_products import corner_products, window_products

__all__ = [
    "batches_at_once",
    "bernoulli_log_prob",
    "bernoulli_of_levels",
    "cholesky",
    "corner_products",
    "draws_at_once",
    "fitting_parts",
    "is_fast",
    "plus_bias",
    "random_words",
    "row_products",
    "softplus",
    "solve_lower",
    "solve_upper",
    "standard_normal",
    "window_products",
]
