"""Rows of objectives and schedules."""

from collections.abc import Callable
from functools import partial

from jaxvae import objectives

OBJECTIVES: dict[str, Callable[[], objectives.Objective]] = {
    "ELBO": objectives.ELBO,
    "ELBO-all": lambda: objectives.ELBO(
        beta=2.5, schedule=objectives.Linear(steps=9), kl="sampled", squared_error_weight=0.7
    ),
    "Autoencoder": objectives.Autoencoder,
}

SCHEDULES: dict[str, Callable[[], objectives.Schedule]] = {
    "Constant": objectives.Constant,
    "Linear": partial(objectives.Linear, steps=7),
    "Cyclical": partial(objectives.Cyclical, period=6, cycles=3, ramp=0.75),
}
