"""The use of codes: predicting classes, finding clusters, and separating factors."""

from jaxvae.evaluation.representation.classifiers import linear_probe, nearest_neighbour_accuracy
from jaxvae.evaluation.representation.clustering import (
    adjusted_rand_index,
    cluster,
    hungarian_accuracy,
    normalized_mutual_information,
)
from jaxvae.evaluation.representation.dci import DCI, completeness, dci, disentanglement
from jaxvae.evaluation.representation.disentanglement_document import disentanglement_document
from jaxvae.evaluation.representation.factor_vae_score import factor_vae_score
from jaxvae.evaluation.representation.modularity import modularity, ridgeway_mozer_modularity
from jaxvae.evaluation.representation.mutual_information_gap import mutual_information_gap
from jaxvae.evaluation.representation.principal_components import pca_codes
from jaxvae.evaluation.representation.representation_document import representation_document
from jaxvae.evaluation.representation.separated_attribute_predictability import (
    linear_separated_attribute_predictability,
    separated_attribute_predictability,
)

__all__ = [
    "DCI",
    "adjusted_rand_index",
    "cluster",
    "completeness",
    "dci",
    "disentanglement",
    "disentanglement_document",
    "factor_vae_score",
    "hungarian_accuracy",
    "linear_probe",
    "linear_separated_attribute_predictability",
    "modularity",
    "mutual_information_gap",
    "nearest_neighbour_accuracy",
    "normalized_mutual_information",
    "pca_codes",
    "representation_document",
    "ridgeway_mozer_modularity",
    "separated_attribute_predictability",
]
