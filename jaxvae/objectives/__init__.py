"""What training maximises: each objective is a description over the one draw-and-terms interface."""

from jaxvae.objectives.autoencoder import Autoencoder
from jaxvae.objectives.elbo import ELBO, Elbo, elbo, elbo_terms
from jaxvae.objectives.estimators import ESTIMATORS, Draws, Estimator, monte_carlo_bound
from jaxvae.objectives.importance_weighted import CIWAE, IWAE, MIWAE, TVO, Renyi, VRMax, WeightedBound
from jaxvae.objectives.objective import Bound, Objective, batch_loss, masked_mean
from jaxvae.objectives.rate import GECO, Capacity, FreeBits, MinimumRate
from jaxvae.objectives.refine import SemiAmortized, refine
from jaxvae.objectives.schedules import Constant, Cyclical, Linear, Schedule, Sigmoid
from jaxvae.objectives.two_networks import PIWAE, ChiUpperBound, ReweightedWakeSleep, chi_upper_bound

__all__ = [
    "CIWAE",
    "ELBO",
    "ESTIMATORS",
    "GECO",
    "IWAE",
    "MIWAE",
    "PIWAE",
    "TVO",
    "Autoencoder",
    "Bound",
    "Capacity",
    "ChiUpperBound",
    "Constant",
    "Cyclical",
    "Draws",
    "Elbo",
    "Estimator",
    "FreeBits",
    "Linear",
    "MinimumRate",
    "Objective",
    "Renyi",
    "ReweightedWakeSleep",
    "Schedule",
    "SemiAmortized",
    "Sigmoid",
    "VRMax",
    "WeightedBound",
    "batch_loss",
    "chi_upper_bound",
    "elbo",
    "elbo_terms",
    "masked_mean",
    "monte_carlo_bound",
    "refine",
]
