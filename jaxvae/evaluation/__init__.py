"""Figures of a trained model that can be quoted."""

from jaxvae.evaluation.likelihood import log_marginal, log_mean_exp

__all__ = ["log_marginal", "log_mean_exp"]
