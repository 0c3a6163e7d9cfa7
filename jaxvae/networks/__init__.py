"""Networks for encoders and decoders. Flax is imported here and nowhere else."""

from jaxvae.networks.made import MADE
from jaxvae.networks.mlp import MLP
from jaxvae.networks.network import Network

__all__ = ["MADE", "MLP", "Network"]
