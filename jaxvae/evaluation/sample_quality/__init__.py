"""How good samples are: distances between samples of features, and nearest neighbours."""

from jaxvae.evaluation.sample_quality.classifier import Classifier, train_classifier
from jaxvae.evaluation.sample_quality.document import sample_quality_document
from jaxvae.evaluation.sample_quality.extractor import FeatureExtractor
from jaxvae.evaluation.sample_quality.frechet import frechet_distance, frechet_distance_of_normals
from jaxvae.evaluation.sample_quality.inception_file import Inception, load_inception
from jaxvae.evaluation.sample_quality.inception_score import inception_score
from jaxvae.evaluation.sample_quality.kernel import kernel_distance, polynomial_kernel
from jaxvae.evaluation.sample_quality.manifold import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
)
from jaxvae.evaluation.sample_quality.memorising import (
    Comparison,
    NearestNeighbours,
    NeighbourLikelihood,
    nearest_neighbours,
    neighbour_log_prob,
)

__all__ = [
    "Classifier",
    "Comparison",
    "DensityCoverage",
    "FeatureExtractor",
    "Inception",
    "NearestNeighbours",
    "NeighbourLikelihood",
    "PrecisionRecall",
    "density_coverage",
    "frechet_distance",
    "frechet_distance_of_normals",
    "inception_score",
    "kernel_distance",
    "load_inception",
    "nearest_neighbours",
    "neighbour_log_prob",
    "polynomial_kernel",
    "precision_recall",
    "sample_quality_document",
    "train_classifier",
]
