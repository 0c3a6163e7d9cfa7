"""Rows of objectives and schedules."""

from collections.abc import Callable
from functools import partial

from jaxvae import objectives, posteriors
from jaxvae.networks import MLP

_DISCRIMINATOR = MLP((3,), "tanh")

OBJECTIVES: dict[str, Callable[[], objectives.Objective]] = {
    "ELBO": objectives.ELBO,
    "ELBO-all": lambda: objectives.ELBO(
        beta=2.5, schedule=objectives.Linear(steps=9), kl="sampled", squared_error_weight=0.7
    ),
    "ELBO-stl": partial(objectives.ELBO, beta=0.5, kl="sampled", estimator="sticking_the_landing"),
    "ELBO-score": partial(objectives.ELBO, kl="sampled", estimator="score_function"),
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
    "FreeBits-groups": partial(objectives.FreeBits, nats=0.1, group_size=2, schedule=objectives.Linear(steps=9)),
    "FreeBits-level": partial(objectives.FreeBits, nats=0.1, group="level"),
    "Capacity": partial(objectives.Capacity, capacity=3.0, gamma=7.0, schedule=objectives.Linear(steps=9)),
    "MinimumRate": partial(objectives.MinimumRate, rate=100.0, schedule=objectives.Linear(steps=9)),
    "SemiAmortized": partial(objectives.SemiAmortized, steps=2),
    "SemiSupervised": partial(objectives.SemiSupervised, objectives.ELBO()),
    "Lagging": partial(objectives.Lagging, num_encoder_steps=2, window=3),
    "Lagging-GECO": partial(
        objectives.Lagging, objective=objectives.GECO(2.0, "distortion"), num_encoder_steps=2, window=3
    ),
    "GECO": partial(objectives.GECO, target=2.0, constrain="distortion"),
    "GECO-rate": partial(objectives.GECO, target=2.0),
    "BetaTCVAE": partial(objectives.BetaTCVAE, dataset_size=50),
    "BetaTCVAE-weighted": partial(
        objectives.BetaTCVAE, alpha=0.5, beta=3.0, gamma=2.0, estimator="weighted", dataset_size=50
    ),
    "FactorVAE": partial(objectives.FactorVAE, discriminator=_DISCRIMINATOR),
    "AdversarialAutoencoder": partial(objectives.AdversarialAutoencoder, discriminator=_DISCRIMINATOR),
    "AdversarialAutoencoder-stochastic": partial(
        objectives.AdversarialAutoencoder, weight=2.0, encoder="stochastic", discriminator=_DISCRIMINATOR
    ),
    "VAEGAN": partial(objectives.VAEGAN, weight=0.3, num_features=7, discriminator=_DISCRIMINATOR),
    "DIPVAE": objectives.DIPVAE,
    "DIPVAE-ii": partial(objectives.DIPVAE, kind="ii", lambda_d=3.0),
    "InfoVAE": objectives.InfoVAE,
    "InfoVAE-laplace": partial(objectives.InfoVAE, alpha=0.5, lambda_=9.0, kernel="laplace", bandwidth="median"),
    "WAE": objectives.WAE,
    "WAE-stochastic": partial(objectives.WAE, encoder="stochastic", kernel="rbf", bandwidth=0.7),
    "RAE": objectives.RAE,
    "RAE-gradient": partial(objectives.RAE, penalty="gradient"),
    "RAE-spectral": partial(objectives.RAE, penalty="spectral"),
    "RAE-none": partial(objectives.RAE, penalty="none"),
    "MSSSIM": objectives.MSSSIM,
    "VQVAE": partial(objectives.VQVAE, commitment=0.7),
}

ITS_POSTERIOR = {"VQVAE": partial(posteriors.VectorQuantized, num_codes=3, code_dim=1)}
"""Posteriors of rows of objectives that train no other, and that no other trains."""

_OVER_THE_BATCH = (
    "BetaTCVAE",
    "Capacity",
    "DIPVAE",
    "FactorVAE",
    "FreeBits",
    "InfoVAE",
    "MinimumRate",
    "VAEGAN",
    "VQVAE",
    "WAE",
)
OVER_THE_BATCH = {name for name in OBJECTIVES if name.startswith(_OVER_THE_BATCH)}
"""Rows whose loss, or a metric, is no mean over examples: a batch is not the mean of its parts."""

SCHEDULES: dict[str, Callable[[], objectives.Schedule]] = {
    "Constant": objectives.Constant,
    "Linear": partial(objectives.Linear, steps=7),
    "Sigmoid": partial(objectives.Sigmoid, steps=7),
    "Cyclical": partial(objectives.Cyclical, period=6, cycles=3, ramp=0.75),
}
