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
    "FreeBits": partial(objectives.FreeBits, nats=0.1),
    "FreeBits-level": partial(objectives.FreeBits, nats=0.1, group="level"),
    "Capacity": partial(objectives.Capacity, capacity=3.0, gamma=7.0, schedule=objectives.Linear(steps=9)),
    "MinimumRate": partial(objectives.MinimumRate, rate=100.0),
    "SemiAmortized": partial(objectives.SemiAmortized, steps=2),
    "GECO": partial(objectives.GECO, target=2.0),
    "GECO-rate": partial(objectives.GECO, target=2.0, constrain="rate"),
}

OVER_THE_BATCH = {"FreeBits", "FreeBits-level", "Capacity", "MinimumRate"}
"""Rows whose loss is no mean over examples: a batch is not the mean of its parts."""

SCHEDULES: dict[str, Callable[[], objectives.Schedule]] = {
    "Constant": objectives.Constant,
    "Linear": partial(objectives.Linear, steps=7),
    "Sigmoid": partial(objectives.Sigmoid, steps=7),
    "Cyclical": partial(objectives.Cyclical, period=6, cycles=3, ramp=0.75),
}
