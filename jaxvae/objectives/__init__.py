"""What training maximises: each objective is a description over the one draw-and-terms interface."""

from jaxvae.objectives.adversarial import VAEGAN, AdversarialAutoencoder, FactorVAE, permute_dimensions
from jaxvae.objectives.aggregate import own_and_aggregate
from jaxvae.objectives.autoencoder import Autoencoder, WithoutDensity
from jaxvae.objectives.batch_means import batch_loss, masked_mean
from jaxvae.objectives.batch_terms import WithDensity
from jaxvae.objectives.dip_vae import DIPVAE
from jaxvae.objectives.discrepancy import mmd
from jaxvae.objectives.elbo import ELBO, Elbo, elbo, elbo_terms
from jaxvae.objectives.estimators import ESTIMATORS, Draws, Estimator, monte_carlo_bound
from jaxvae.objectives.importance_weighted import CIWAE, IWAE, MIWAE, TVO, Renyi, VRMax, WeightedBound
from jaxvae.objectives.info_vae import WAE, InfoVAE
from jaxvae.objectives.lagging import Lagging, batch_information
from jaxvae.objectives.objective import Bound, Objective
from jaxvae.objectives.rate import GECO, Capacity, FreeBits, MinimumRate
from jaxvae.objectives.refine import SemiAmortized, refine
from jaxvae.objectives.regularized_autoencoder import RAE
from jaxvae.objectives.requirements import check_prior_stays
from jaxvae.objectives.schedules import Constant, Cyclical, Linear, Schedule, Sigmoid
from jaxvae.objectives.structural_similarity import MSSSIM, ms_ssim
from jaxvae.objectives.total_correlation import BetaTCVAE, log_aggregate
from jaxvae.objectives.two_networks import PIWAE, ChiUpperBound, ReweightedWakeSleep, chi_upper_bound
from jaxvae.objectives.vector_quantized import VQVAE, perplexity

__all__ = [
    "CIWAE",
    "DIPVAE",
    "ELBO",
    "ESTIMATORS",
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
    "Draws",
    "Elbo",
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
    "Sigmoid",
    "VRMax",
    "WeightedBound",
    "WithDensity",
    "WithoutDensity",
    "batch_information",
    "batch_loss",
    "check_prior_stays",
    "chi_upper_bound",
    "elbo",
    "elbo_terms",
    "log_aggregate",
    "masked_mean",
    "mmd",
    "monte_carlo_bound",
    "ms_ssim",
    "own_and_aggregate",
    "permute_dimensions",
    "perplexity",
    "refine",
]
