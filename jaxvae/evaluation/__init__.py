"""Figures of a trained model, ready to quote."""

from jaxvae.evaluation.annealed import Annealing, annealed_log_marginal, reverse_annealed_log_marginal
from jaxvae.evaluation.assignments import class_probs
from jaxvae.evaluation.baseline import family_baseline, independent_baseline
from jaxvae.evaluation.batches import in_batches
from jaxvae.evaluation.bits import bits_per_dimension
from jaxvae.evaluation.classification import class_log_probs
from jaxvae.evaluation.code_density import fit_code_density
from jaxvae.evaluation.diagnose import diagnose
from jaxvae.evaluation.diagnostics import active_units, kl_per_dimension, latent_terms, marginal_kl, mutual_information
from jaxvae.evaluation.evaluate import Scores, evaluate
from jaxvae.evaluation.figures import Estimate, figure, missing
from jaxvae.evaluation.gaps import inference_gaps
from jaxvae.evaluation.gradient_snr import gradient_signal_to_noise
from jaxvae.evaluation.imputation import Imputation, impute
from jaxvae.evaluation.likelihood import exact_log_marginal, importance_estimate
from jaxvae.evaluation.pareto import pareto_shape, pareto_smoothed

__all__ = [
    "Annealing",
    "Estimate",
    "Imputation",
    "Scores",
    "active_units",
    "annealed_log_marginal",
    "bits_per_dimension",
    "class_log_probs",
    "class_probs",
    "diagnose",
    "evaluate",
    "exact_log_marginal",
    "family_baseline",
    "figure",
    "fit_code_density",
    "gradient_signal_to_noise",
    "importance_estimate",
    "impute",
    "in_batches",
    "independent_baseline",
    "inference_gaps",
    "kl_per_dimension",
    "latent_terms",
    "marginal_kl",
    "missing",
    "mutual_information",
    "pareto_shape",
    "pareto_smoothed",
    "reverse_annealed_log_marginal",
]
