"""Variational autoencoders as pure functions in JAX: five swappable descriptions, one draw, every formula exact."""

from jaxvae import (
    bijectors,
    data,
    distributions,
    evaluation,
    likelihoods,
    networks,
    objectives,
    posteriors,
    priors,
    spaces,
    training,
)
from jaxvae.conditions import Condition
from jaxvae.distributions.entropy import entropy
from jaxvae.distributions.kl import kl_divergence
from jaxvae.draw import Draw
from jaxvae.errors import UserError
from jaxvae.evaluation.imputation import impute
from jaxvae.evaluation.likelihood import log_marginal
from jaxvae.functions import decode, encode, given, init, reconstruct, reparameterize, sample
from jaxvae.missingness import Missingness, SelfMasking
from jaxvae.model import Model
from jaxvae.objectives.elbo import Elbo, elbo
from jaxvae.observation import Observation
from jaxvae.pytrees import dataclass, stack
from jaxvae.vae import VAE
from jaxvae.version import __version__

__all__ = [
    "VAE",
    "Condition",
    "Draw",
    "Elbo",
    "Missingness",
    "Model",
    "Observation",
    "SelfMasking",
    "UserError",
    "__version__",
    "bijectors",
    "data",
    "dataclass",
    "decode",
    "distributions",
    "elbo",
    "encode",
    "entropy",
    "evaluation",
    "given",
    "impute",
    "init",
    "kl_divergence",
    "likelihoods",
    "log_marginal",
    "networks",
    "objectives",
    "posteriors",
    "priors",
    "reconstruct",
    "reparameterize",
    "sample",
    "spaces",
    "stack",
    "training",
]
