"""Figures of a trained model that can be quoted."""

from jaxvae.evaluation.baseline import independent_baseline
from jaxvae.evaluation.bits import bits_per_dimension
from jaxvae.evaluation.code_density import CodeDensity, fit_code_density
from jaxvae.evaluation.diagnose import Diagnostics, collapse_warning, diagnose, diagnostics_document
from jaxvae.evaluation.diagnostics import (
    ActiveUnits,
    LatentTerms,
    active_units,
    kl_per_dimension,
    latent_terms,
    marginal_kl,
    mutual_information,
)
from jaxvae.evaluation.document import evaluation_document
from jaxvae.evaluation.evaluate import Estimate, evaluate, in_batches
from jaxvae.evaluation.gradient_snr import gradient_draws, gradient_signal_to_noise, noise_floor, signal_to_noise
from jaxvae.evaluation.likelihood import exact_log_marginal, log_marginal
from jaxvae.numerics import log_mean_exp

__all__ = [
    "ActiveUnits",
    "CodeDensity",
    "Diagnostics",
    "Estimate",
    "LatentTerms",
    "active_units",
    "bits_per_dimension",
    "collapse_warning",
    "diagnose",
    "diagnostics_document",
    "evaluate",
    "evaluation_document",
    "exact_log_marginal",
    "fit_code_density",
    "gradient_draws",
    "gradient_signal_to_noise",
    "in_batches",
    "independent_baseline",
    "kl_per_dimension",
    "latent_terms",
    "log_marginal",
    "log_mean_exp",
    "marginal_kl",
    "mutual_information",
    "noise_floor",
    "signal_to_noise",
]
