"""Every block, in order of value: what is run first when a GPU is there."""

from functools import partial

from gpu.block import Block
from gpu.configurations import configuration
from gpu.parity import parity
from gpu.speed import speed


def _row(name: str, about: str, data: str = "mnist", gigabytes: float = 8.0) -> Block:
    return Block(name, about, partial(configuration, name), (data,), gigabytes)


_ALL = (
    Block("parity", "whether a GPU gives the figures of a CPU", parity),
    Block("benchmark", "seconds beside the GPU's measured peaks and PyTorch", speed, gigabytes=24.0),
    _row("iwae_50", "IWAE with 50 samples, below 84.59 nats"),
    _row("dreg_50", "the same with doubly reparameterized gradients, below 84.32 nats"),
    _row("vamp_500_static", "VampPrior on static MNIST, at or below 85.57 nats", "binarized_mnist"),
    _row("vamp_500_long", "VampPrior on dynamic MNIST, at or below 82.43 nats"),
    _row("iwae_50_two_layers", "IWAE of two layers of latents, below 82.82 nats"),
    _row("dreg_50_two_layers", "the same with doubly reparameterized gradients"),
    _row("exemplar", "exemplar prior, below 82.09 nats", gigabytes=24.0),
    _row("piwae_8_8", "PIWAE(8, 8), below 84.46 nats"),
    _row("sylvester_static", "Sylvester flows on static MNIST", "binarized_mnist"),
    _row("real_nvp_prior", "a RealNVP prior and residual networks, below 78.49 nats", gigabytes=24.0),
)
BLOCKS: dict[str, Block] = {block.name: block for block in _ALL}
