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
    "IWAE": partial(objectives.IWAE, num_samples=3),
    "IWAE-dreg": partial(objectives.IWAE, num_samples=3, estimator="doubly_reparameterized"),
    "IWAE-stl": partial(objectives.IWAE, num_samples=3, estimator="sticking_the_landing"),
    "IWAE-score": partial(objectives.IWAE, num_samples=3, estimator="score_function"),
    "MIWAE": partial(objectives.MIWAE, num_groups=2, num_samples=3),
    "PIWAE": partial(objectives.PIWAE, num_groups=2, num_samples=3),
    "PIWAE-dreg": partial(objectives.PIWAE, num_groups=2, num_samples=3, estimator="doubly_reparameterized"),
    "CIWAE": partial(objectives.CIWAE, beta=0.3, num_samples=3),
    "Renyi": partial(objectives.Renyi, alpha=-0.5, num_samples=3),
    "VRMax": partial(objectives.VRMax, num_samples=3),
    "TVO": partial(objectives.TVO, num_partitions=4, num_samples=3),
    "ChiUpperBound": partial(objectives.ChiUpperBound, num_samples=3),
    "ReweightedWakeSleep": partial(objectives.ReweightedWakeSleep, num_samples=3, phases="both"),
    "ReweightedWakeSleep-dreg": partial(
        objectives.ReweightedWakeSleep, num_samples=3, estimator="doubly_reparameterized"
    ),
}

SCHEDULES: dict[str, Callable[[], objectives.Schedule]] = {
    "Constant": objectives.Constant,
    "Linear": partial(objectives.Linear, steps=7),
    "Cyclical": partial(objectives.Cyclical, period=6, cycles=3, ramp=0.75),
}
