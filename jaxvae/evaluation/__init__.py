"""Figures of a trained model that can be quoted."""

from jaxvae.evaluation.baseline import independent_baseline
from jaxvae.evaluation.bits import bits_per_dimension
from jaxvae.evaluation.code_density import CodeDensity, fit_code_density
from jaxvae.evaluation.document import evaluation_document
from jaxvae.evaluation.evaluate import Estimate, evaluate, in_batches
from jaxvae.evaluation.likelihood import exact_log_marginal, log_marginal
from jaxvae.numerics import log_mean_exp

__all__ = [
    "CodeDensity",
    "Estimate",
    "bits_per_dimension",
    "evaluate",
    "evaluation_document",
    "exact_log_marginal",
    "fit_code_density",
    "in_batches",
    "independent_baseline",
    "log_marginal",
    "log_mean_exp",
]
