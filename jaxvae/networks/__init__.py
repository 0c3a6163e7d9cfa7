"""Networks for encoders and decoders. Flax is imported here and nowhere else."""

from jaxvae.networks.around import at_step, has_noise, told, with_noise, without_noise
from jaxvae.networks.bfloat16 import Bfloat16
from jaxvae.networks.conv import Conv
from jaxvae.networks.from_equinox import FromEquinox
from jaxvae.networks.from_nnx import FromNNX
from jaxvae.networks.gated_mlp import GatedMLP
from jaxvae.networks.leading import Leading
from jaxvae.networks.made import MADE
from jaxvae.networks.mlp import MLP
from jaxvae.networks.network import Network, NetworkLike, check_linen, check_networks
from jaxvae.networks.rematerialized import Rematerialized
from jaxvae.networks.resnet import ResNet

__all__ = [
    "MADE",
    "MLP",
    "Bfloat16",
    "Conv",
    "FromEquinox",
    "FromNNX",
    "GatedMLP",
    "Leading",
    "Network",
    "NetworkLike",
    "Rematerialized",
    "ResNet",
    "at_step",
    "check_linen",
    "check_networks",
    "has_noise",
    "told",
    "with_noise",
    "without_noise",
]
