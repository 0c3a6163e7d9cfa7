"""What training maximises: each objective is a description over the one draw-and-terms interface."""

from jaxvae.objectives.autoencoder import Autoencoder
from jaxvae.objectives.elbo import ELBO, Elbo, elbo, elbo_terms
from jaxvae.objectives.objective import Objective, batch_loss, masked_mean
from jaxvae.objectives.schedules import Constant, Cyclical, Linear, Schedule

__all__ = [
    "ELBO",
    "Autoencoder",
    "Constant",
    "Cyclical",
    "Elbo",
    "Linear",
    "Objective",
    "Schedule",
    "batch_loss",
    "elbo",
    "elbo_terms",
    "masked_mean",
]
