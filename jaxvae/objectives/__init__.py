"""What training maximises: each objective is a description over the one draw-and-terms interface."""

from jaxvae.objectives.adversarial_autoencoder import AdversarialAutoencoder
from jaxvae.objectives.autoencoder import Autoencoder, WithoutDensity
from jaxvae.objectives.batch_means import batch_loss, masked_mean
from jaxvae.objectives.batch_terms import WithDensity
from jaxvae.objectives.dip_vae import DIPVAE
from jaxvae.objectives.discrepancy import mmd
from jaxvae.objectives.elbo import ELBO
from jaxvae.objectives.estimators import Estimator, monte_carlo_bound
from jaxvae.objectives.factor_vae import FactorVAE
from jaxvae.objectives.importance_weighted import CIWAE, IWAE, MIWAE, TVO, Renyi, VRMax, WeightedBound
from jaxvae.objectives.info_vae import WAE, InfoVAE
from jaxvae.objectives.lagging import Lagging
from jaxvae.objectives.objective import Bound, Objective
from jaxvae.objectives.rate import GECO, Capacity, FreeBits, MinimumRate
from jaxvae.objectives.refine import SemiAmortized
from jaxvae.objectives.regularized_autoencoder import RAE
from jaxvae.objectives.schedules import Constant, Cyclical, Linear, Schedule, Sigmoid
from jaxvae.objectives.semi_supervised import SemiSupervised
from jaxvae.objectives.structural_similarity import MSSSIM
from jaxvae.objectives.total_correlation import BetaTCVAE
from jaxvae.objectives.two_networks import PIWAE, ChiUpperBound, ReweightedWakeSleep
from jaxvae.objectives.vae_gan import VAEGAN
from jaxvae.objectives.vector_quantized import VQVAE

__all__ = [
    "CIWAE",
    "DIPVAE",
    "ELBO",
    "GECO",
    "IWAE",
    "MIWAE",
    "MSSSIM",
    "PIWAE",
    "RAE",
    "TVO",
    "VAEGAN",
    "VQVAE",
    "WAE",
    "AdversarialAutoencoder",
    "Autoencoder",
    "BetaTCVAE",
    "Bound",
    "Capacity",
    "ChiUpperBound",
    "Constant",
    "Cyclical",
    "Estimator",
    "FactorVAE",
    "FreeBits",
    "InfoVAE",
    "Lagging",
    "Linear",
    "MinimumRate",
    "Objective",
    "Renyi",
    "ReweightedWakeSleep",
    "Schedule",
    "SemiAmortized",
    "SemiSupervised",
    "Sigmoid",
    "VRMax",
    "WeightedBound",
    "WithDensity",
    "WithoutDensity",
    "batch_loss",
    "masked_mean",
    "mmd",
    "monte_carlo_bound",
]
