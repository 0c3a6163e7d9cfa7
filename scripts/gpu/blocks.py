"""Every block, in order of value: what is run first when a GPU is there."""

from functools import partial

from gpu.block import Block
from gpu.configurations import configuration
from gpu.parity import parity
from gpu.speed import speed


def _row(name: str, about: str, aim: float | None = None, data: str = "mnist", gigabytes: float = 8.0) -> Block:
    return Block(name, about, partial(configuration, name), (data,), gigabytes, aim)


_ALL = (
    Block("parity", "whether a GPU gives the figures of a CPU", parity),
    Block("benchmark", "seconds beside the GPU's measured peaks and PyTorch", speed, gigabytes=24.0),
    _row("iwae_50", "IWAE with 50 samples", 84.59),
    _row("dreg_50", "IWAE with 50 samples and doubly reparameterized gradients", 84.32),
    _row("vamp_500_static", "VampPrior on static MNIST", 85.57, "binarized_mnist"),
    _row("vamp_500_long", "VampPrior on dynamic MNIST", 82.43),
    _row("iwae_50_two_layers", "IWAE of two layers of latents", 82.82),
    _row("dreg_50_two_layers", "IWAE of two layers of latents and doubly reparameterized gradients"),
    _row("exemplar", "exemplar prior", 82.09, gigabytes=24.0),
    _row("piwae_8_8", "PIWAE(8, 8)", 84.46),
    _row("sylvester_static", "Sylvester flows on static MNIST", data="binarized_mnist"),
    _row("real_nvp_prior", "a RealNVP prior and residual networks", 78.49, gigabytes=24.0),
)
BLOCKS: dict[str, Block] = {block.name: block for block in _ALL}
