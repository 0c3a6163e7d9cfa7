"""Figures of a trained model, ready to quote."""

from jaxvae.evaluation.annealed import (
    Annealed,
    Annealing,
    annealed_log_marginal,
    hamiltonian_move,
    reverse_annealed_log_marginal,
)
from jaxvae.evaluation.baseline import family_baseline, has_free_baseline, independent_baseline
from jaxvae.evaluation.batches import in_batches
from jaxvae.evaluation.bits import bits_per_dimension
from jaxvae.evaluation.code_density import CodeDensity, fit_code_density
from jaxvae.evaluation.diagnose import Diagnostics, diagnose, diagnostics_document
from jaxvae.evaluation.diagnostics import (
    ActiveUnits,
    LatentTerms,
    active_units,
    kl_per_dimension,
    latent_terms,
    marginal_kl,
    mutual_information,
)
from jaxvae.evaluation.document import (
    annealed_document,
    effective_chains,
    gaps_document,
    likelihood_document,
    provenance,
)
from jaxvae.evaluation.evaluate import ImportanceReport, Scores, evaluate
from jaxvae.evaluation.figures import NO_DENSITY, Estimate, attempt, figure, measured, missing
from jaxvae.evaluation.gaps import InferenceGaps, inference_gaps
from jaxvae.evaluation.gradient_snr import gradient_draws, gradient_signal_to_noise, noise_floor, signal_to_noise
from jaxvae.evaluation.likelihood import ImportanceEstimate, exact_log_marginal, importance_estimate, log_marginal
from jaxvae.evaluation.pareto import pareto_shape, pareto_smoothed, tail_length, trust_threshold
from jaxvae.numerics import log_mean_exp

__all__ = [
    "NO_DENSITY",
    "ActiveUnits",
    "Annealed",
    "Annealing",
    "CodeDensity",
    "Diagnostics",
    "Estimate",
    "ImportanceEstimate",
    "ImportanceReport",
    "InferenceGaps",
    "LatentTerms",
    "Scores",
    "active_units",
    "annealed_document",
    "annealed_log_marginal",
    "attempt",
    "bits_per_dimension",
    "diagnose",
    "diagnostics_document",
    "effective_chains",
    "evaluate",
    "exact_log_marginal",
    "family_baseline",
    "figure",
    "fit_code_density",
    "gaps_document",
    "gradient_draws",
    "gradient_signal_to_noise",
    "hamiltonian_move",
    "has_free_baseline",
    "importance_estimate",
    "in_batches",
    "independent_baseline",
    "inference_gaps",
    "kl_per_dimension",
    "latent_terms",
    "likelihood_document",
    "log_marginal",
    "log_mean_exp",
    "marginal_kl",
    "measured",
    "missing",
    "mutual_information",
    "noise_floor",
    "pareto_shape",
    "pareto_smoothed",
    "provenance",
    "reverse_annealed_log_marginal",
    "signal_to_noise",
    "tail_length",
    "trust_threshold",
]
