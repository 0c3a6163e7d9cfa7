"""The same models in plain PyTorch, as its users write them: its own start, Adam, one draw of z an example."""

import itertools
import math
import time
from typing import Any, NamedTuple

import numpy as np

from defaults.measure import Subject
from jaxvae import likelihoods, networks, posteriors, priors
from jaxvae.objectives import ELBO
from jaxvae.training import Training
from jaxvae.typing import Shape

_ACTIVATIONS = {"relu": "ReLU", "silu": "SiLU", "swish": "SiLU", "tanh": "Tanh", "gelu": "GELU", "elu": "ELU"}
_LEARNING_RATE, _BATCH = 1e-3, 100


class Peer(NamedTuple):
    """What a peer is made of; two cases with equal ones share it."""

    likelihood: str
    scale: str
    """`learned`, `decoded` or a number; empty for likelihoods without."""
    levels: int
    """Grey levels, 0 for likelihoods without."""
    network: str
    widths: tuple[int, ...]
    """Of the hidden layers, or channels."""
    activation: str
    latents: int

    def key(self, data: str, seed: int, epochs: int) -> str:
        """What its figures are kept under."""
        parts = [data, *self, f"seed {seed}", f"{epochs} epochs"]
        return " ".join(",".join(map(str, part)) if isinstance(part, tuple) else str(part) for part in parts if part)


def peer_of(training: Training) -> Peer | None:
    """The peer of a training; None where it is no plain VAE, or no likelihood or network that is written here."""
    model = training.model
    plain = (posteriors.DiagonalNormal, priors.StandardNormal)
    encoder, decoder = model.encoder, model.decoder
    if (type(model.posterior), type(model.prior)) != plain or type(training.objective) is not ELBO:
        return None
    if type(encoder) is not type(decoder) or type(model.likelihood) not in _LIKELIHOODS:
        return None
    if isinstance(encoder, networks.MLP) and encoder.features == decoder.features:
        network, widths = "MLP", encoder.features
    elif isinstance(encoder, networks.Conv) and encoder.channels == decoder.channels and not encoder.features:
        network, widths = "Conv", encoder.channels
    else:
        return None
    if encoder.activation not in _ACTIVATIONS:
        return None
    return Peer(
        type(model.likelihood).__name__,
        _scale(model.likelihood),
        getattr(model.likelihood, "num_levels", 0),
        network,
        widths,
        encoder.activation,
        model.latent_dim,
    )


_LIKELIHOODS = {
    likelihoods.Bernoulli,
    likelihoods.Categorical,
    likelihoods.ContinuousBernoulli,
    likelihoods.DiscretizedLogistic,
    likelihoods.Laplace,
    likelihoods.Logistic,
    likelihoods.NegativeBinomial,
    likelihoods.Normal,
    likelihoods.Poisson,
    likelihoods.StudentT,
}


def _scale(likelihood: likelihoods.Likelihood) -> str:
    scale = getattr(likelihood, "scale", None)
    if scale is None:
        return ""
    if isinstance(scale, str):
        return "decoded" if scale == "decoded" else "learned"
    return f"{float(scale):g}"


def train_peer(peer: Peer, subject: Subject, seed: int) -> dict[str, Any]:
    """Train a peer for as many epochs, and measure the best of them by validation data on the test examples."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    start = time.perf_counter()
    training, raw = subject.setup.training, subject.setup.dataset.train.values
    preprocessing = training.preprocessing
    shape = subject.setup.dataset.data_shape
    images = torch.from_numpy(np.ascontiguousarray(raw))
    binarised = preprocessing.binarize == "dynamic"
    unit = preprocessing.maximum if preprocessing.scale and preprocessing.maximum else 1
    validation, test = (torch.from_numpy(np.array(x)) for x in (subject.validation, subject.test))
    model = _vae(peer, shape)
    optimizer = torch.optim.Adam(model.parameters(), _LEARNING_RATE)
    best, chosen = -math.inf, {name: value.clone() for name, value in model.state_dict().items()}
    for _ in range(subject.epochs):
        for index in torch.randperm(len(images)).split(_BATCH):
            x = images[index].float() / unit
            optimizer.zero_grad(set_to_none=True)
            loss = -model(torch.bernoulli(x) if binarised else x)[0].mean()
            loss.backward()
            optimizer.step()
        score = float(_scores(model, validation)[0].mean())
        if score > best:
            best, chosen = score, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(chosen)
    elbos, means = _scores(model, test)
    error = float(elbos.std() / math.sqrt(len(elbos)))
    return {
        "elbo": float(elbos.mean()),
        "error": error,
        "active": int((means.var(dim=0) > 0.01).sum()),
        "seconds": round(time.perf_counter() - start, 1),
    }


def _scores(model: Any, x: Any) -> tuple[Any, Any]:
    """ELBO and posterior means of examples, without gradients."""
    import torch

    with torch.no_grad():
        parts = [model(part) for part in x.split(500)]
    return torch.cat([elbo.double() for elbo, _ in parts]), torch.cat([mean for _, mean in parts])


def _vae(peer: Peer, shape: Shape) -> Any:
    import torch
    from torch import nn

    num_dimensions = math.prod(shape)
    outputs = {"Categorical": peer.levels}.get(peer.likelihood, 2 if peer.scale == "decoded" else 1)
    is_count = peer.likelihood in ("Poisson", "NegativeBinomial")

    class VAE(nn.Module):
        """From x to its ELBO and the mean of q(z|x)."""

        def __init__(self) -> None:
            super().__init__()
            build = _convolutions if peer.network == "Conv" else _layers
            self.encoder, self.decoder = build(peer, shape, outputs)
            self.log_scale = nn.Parameter(torch.zeros(()))
            self.log_dispersion = nn.Parameter(torch.zeros(num_dimensions))
            self.log_df = nn.Parameter(torch.zeros(()))

        def forward(self, x: Any) -> tuple[Any, Any]:
            mean, log_variance = self.encoder(torch.log1p(x) if is_count else x).chunk(2, dim=-1)
            z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
            kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)
            decoded = self.decoder(z).reshape(len(x), outputs, num_dimensions)
            return _log_likelihood(peer, self, decoded, x.reshape(len(x), -1)).sum(-1) - kl, mean

    return VAE()


def _layers(peer: Peer, shape: Shape, outputs: int) -> tuple[Any, Any]:
    from torch import nn

    def mlp(sizes: list[int]) -> list[Any]:
        modules: list[nn.Module] = []
        for one, other in itertools.pairwise(sizes):
            modules += [nn.Linear(one, other), getattr(nn, _ACTIVATIONS[peer.activation])()]
        return modules[:-1]

    size = math.prod(shape)
    encoder = nn.Sequential(nn.Flatten(), *mlp([size, *peer.widths, 2 * peer.latents]))
    return encoder, nn.Sequential(*mlp([peer.latents, *peer.widths, size * outputs]))


def _convolutions(peer: Peer, shape: Shape, outputs: int) -> tuple[Any, Any]:
    import torch
    from torch import nn

    activation = getattr(nn, _ACTIVATIONS[peer.activation])
    height, width, channels = shape
    side = 2 ** len(peer.widths)
    small = (peer.widths[-1], height // side, width // side)
    down: list[nn.Module] = []
    for one, other in zip((channels, *peer.widths), peer.widths, strict=False):
        down += [nn.Conv2d(one, other, 4, 2, 1), activation()]
    up: list[nn.Module] = []
    for one, other in zip(peer.widths[::-1], (*peer.widths[-2::-1], channels * outputs), strict=True):
        up += [activation(), nn.ConvTranspose2d(one, other, 4, 2, 1)]

    class ChannelsFirst(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.movedim(x, -1, 1)

    class ChannelsLast(nn.Module):
        def forward(self, x: Any) -> Any:  # to [n, outputs, height, width, channels]
            return torch.movedim(x.unflatten(1, (outputs, channels)), 2, -1)

    encoder = nn.Sequential(ChannelsFirst(), *down, nn.Flatten(), nn.Linear(math.prod(small), 2 * peer.latents))
    dense = nn.Linear(peer.latents, math.prod(small))
    return encoder, nn.Sequential(dense, nn.Unflatten(1, small), *up, ChannelsLast())


def _log_likelihood(peer: Peer, own: Any, decoded: Any, x: Any) -> Any:
    """log p(x_d|z), `[n, dimensions]`, from the outputs `[n, outputs, dimensions]`."""
    import torch
    from torch import distributions
    from torch.nn import functional

    out = decoded[:, 0]
    if peer.likelihood == "Bernoulli":
        return -functional.binary_cross_entropy_with_logits(out, x, reduction="none")
    if peer.likelihood == "ContinuousBernoulli":
        return distributions.ContinuousBernoulli(logits=out, validate_args=False).log_prob(x)
    if peer.likelihood == "Categorical":
        return -functional.cross_entropy(decoded, torch.round(x * (peer.levels - 1)).long(), reduction="none")
    if peer.likelihood == "Poisson":
        return distributions.Poisson(out.exp(), validate_args=False).log_prob(x)
    if peer.likelihood == "NegativeBinomial":
        dispersion = own.log_dispersion
        return distributions.NegativeBinomial(dispersion.exp(), logits=out - dispersion, validate_args=False).log_prob(
            x
        )
    if peer.scale == "decoded":
        scale = torch.exp(decoded[:, 1] / 2)
    else:
        scale = own.log_scale.exp() if peer.scale == "learned" else torch.full((), float(peer.scale))
    if peer.likelihood == "Normal":
        return distributions.Normal(out, scale).log_prob(x)
    if peer.likelihood == "Laplace":
        return distributions.Laplace(out, scale).log_prob(x)
    if peer.likelihood == "StudentT":
        return distributions.StudentT(own.log_df.exp(), out, scale).log_prob(x)
    if peer.likelihood == "Logistic":
        centred = (x - out) / scale
        return -centred - torch.log(scale) - 2 * functional.softplus(-centred)
    return _discretized_logistic(out, scale, x, peer.levels)


def _discretized_logistic(location: Any, scale: Any, x: Any, levels: int) -> Any:
    """As in PixelCNN++: the difference of two sigmoids, the tails at the ends, the density where both are equal."""
    import torch
    from torch.nn import functional

    half, centred = 0.5 / (levels - 1), x - location
    above, below = (centred + half) / scale, (centred - half) / scale
    middle = centred / scale
    inside = torch.sigmoid(above) - torch.sigmoid(below)
    density = middle - torch.log(scale) - 2 * functional.softplus(middle) + math.log(2 * half)
    log_prob = torch.where(inside > 1e-5, torch.log(torch.clamp(inside, min=1e-12)), density)
    log_prob = torch.where(x > 1 - half, -functional.softplus(below), log_prob)
    return torch.where(x < half, functional.logsigmoid(above), log_prob)
