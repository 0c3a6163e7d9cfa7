"""The same epochs in other libraries; a library that is not installed is left out."""

import tempfile
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.task import BATCH, LATENT_DIM, NUM_PIXELS, WIDTHS, Contenders, layer_sizes


def torch_contenders(images: np.ndarray, draws: int) -> Contenders:
    """The same epoch in PyTorch, step by step and compiled; none where PyTorch is not installed."""
    try:
        import torch
        from torch import nn
    except ImportError:
        return {}

    device = torch_device()
    grey = torch.tensor(images.reshape(len(images), -1)).float().to(device) / 255

    def contender(compiled: bool) -> Callable[[], Any]:
        encoder, decoder = (_torch_layers(sizes).to(device) for sizes in layer_sizes())
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3)

        def loss(x: Any) -> Any:
            loc, log_scale = encoder(x).chunk(2, dim=-1)
            noise = torch.randn(draws, *loc.shape, device=device)
            z = loc + log_scale.exp() * noise
            logits = decoder(z)
            pixels = nn.functional.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(
                -1
            )
            if draws == 1:
                kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
                return (pixels[0] + kl.sum(-1)).mean()
            log_ratio = (0.5 * noise**2 + log_scale - 0.5 * z**2).sum(-1)
            return -torch.logsumexp(log_ratio - pixels, 0).mean()

        function = torch.compile(loss) if compiled else loss

        def epoch() -> None:
            for index in torch.randperm(len(grey), device=device).split(BATCH):
                optimizer.zero_grad(set_to_none=True)
                function(torch.bernoulli(grey[index])).backward()
                optimizer.step()
            if device == "cuda":
                torch.cuda.synchronize()  # PyTorch returns before the GPU is done

        return epoch

    return {"PyTorch": contender(compiled=False), "PyTorch, torch.compile": contender(compiled=True)}


def torch_log_marginal(images: np.ndarray, num_samples: int, at_once: int = 100_000) -> Contenders:
    """log p(x) by importance sampling in PyTorch, `at_once` draws in one call; none where PyTorch is not installed."""
    try:
        import torch
        from torch import nn
    except ImportError:
        return {}

    device = torch_device()
    encoder, decoder = (_torch_layers(sizes).to(device) for sizes in layer_sizes())
    flat = torch.tensor(images.reshape(len(images), -1)).to(device)

    @torch.no_grad()
    def estimate() -> Any:
        found = []
        for x in flat.split(max(at_once // num_samples, 1)):
            loc, log_scale = encoder(x).chunk(2, dim=-1)
            noise = torch.randn(num_samples, *loc.shape, device=device)
            z = loc + log_scale.exp() * noise
            logits, target = decoder(z), x.expand(num_samples, *x.shape)
            losses = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
            log_ratio = (0.5 * noise**2 + log_scale - 0.5 * z**2).sum(-1)
            found.append(torch.logsumexp(log_ratio - losses.sum(-1), 0) - np.log(num_samples))
        return torch.cat(found).cpu()

    return {"PyTorch": estimate}


def torch_device() -> str:
    """Where PyTorch runs: on the GPU where JAX runs on one, too, with float32 products as JAX has them there."""
    import torch

    torch.set_float32_matmul_precision("high" if jax.default_backend() == "gpu" else "highest")
    return "cuda" if jax.default_backend() == "gpu" and torch.cuda.is_available() else "cpu"


def _torch_layers(sizes: list[tuple[int, int]]) -> Any:
    from torch import nn

    modules: list[nn.Module] = []
    for pair in sizes:
        modules += [nn.Linear(*pair), nn.Tanh()]
    return nn.Sequential(*modules[:-1])


def pythae_contender(images: np.ndarray, draws: int) -> Contenders:
    """An epoch of pythae's own trainer on images that are binarised once, before anything is timed."""
    try:
        import torch
        from pythae.data.datasets import BaseDataset
        from pythae.models import IWAE, VAE, IWAEConfig, VAEConfig
        from pythae.models.base.base_utils import ModelOutput
        from pythae.models.nn import BaseDecoder, BaseEncoder
        from pythae.trainers import BaseTrainer, BaseTrainerConfig
    except ImportError:
        return {}

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = _torch_layers(layer_sizes()[0])

        def forward(self, x: Any) -> Any:
            loc, log_variance = self.layers(x.reshape(len(x), -1)).chunk(2, dim=-1)
            return ModelOutput(embedding=loc, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = _torch_layers(layer_sizes()[1])

        def forward(self, z: Any) -> Any:
            return ModelOutput(reconstruction=torch.sigmoid(self.layers(z)).reshape(-1, 1, 28, 28))

    shape: Any = {"input_dim": (1, 28, 28), "latent_dim": LATENT_DIM, "reconstruction_loss": "bce"}
    if draws == 1:
        model = VAE(VAEConfig(**shape), Encoder(), Decoder())
    else:
        model = IWAE(IWAEConfig(**shape, number_samples=draws), Encoder(), Decoder())
    grey = torch.tensor(images.transpose(0, 3, 1, 2)).float() / 255
    folder = tempfile.mkdtemp()
    config = BaseTrainerConfig(output_dir=folder, per_device_train_batch_size=BATCH, learning_rate=1e-3, no_cuda=True)
    dataset = BaseDataset(torch.bernoulli(grey), torch.zeros(len(grey)))
    trainer = BaseTrainer(model=model, train_dataset=dataset, training_config=config)
    trainer.prepare_training()
    trainer.callback_handler.callbacks.clear()  # its bars
    return {"pythae 0.1.2, not binarising": lambda: trainer.train_step(epoch=1)}


def numpyro_contender(images: np.ndarray) -> Contenders:
    """An epoch of numpyro's SVI, scanned, as in its VAE example."""
    try:
        import numpyro
        from flax import linen as nn
        from numpyro import distributions
        from numpyro.contrib.module import flax_module
    except ImportError:
        return {}

    def hidden(x: jax.Array, widths: tuple[int, ...], size: int) -> jax.Array:
        for width in widths:
            x = jnp.tanh(nn.Dense(width)(x))
        return nn.Dense(size)(x)

    class Encoder(nn.Module):
        @nn.compact
        def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
            loc, log_scale = jnp.split(hidden(x, WIDTHS, 2 * LATENT_DIM), 2, axis=-1)
            return loc, jnp.exp(log_scale)

    class Decoder(nn.Module):
        @nn.compact
        def __call__(self, z: jax.Array) -> jax.Array:
            return hidden(z, WIDTHS[::-1], NUM_PIXELS)

    def model(x: jax.Array) -> None:
        decoder = flax_module("decoder", Decoder(), input_shape=(BATCH, LATENT_DIM))
        with numpyro.plate("batch", len(x)):
            z = numpyro.sample("z", distributions.Normal(0.0, 1.0).expand([LATENT_DIM]).to_event(1))
            numpyro.sample("x", distributions.Bernoulli(logits=decoder(z)).to_event(1), obs=x)

    def guide(x: jax.Array) -> None:
        encoder = flax_module("encoder", Encoder(), input_shape=(BATCH, NUM_PIXELS))
        with numpyro.plate("batch", len(x)):
            numpyro.sample("z", distributions.Normal(*encoder(x)).to_event(1))

    inference = numpyro.infer.SVI(model, guide, numpyro.optim.Adam(1e-3), numpyro.infer.Trace_ELBO())
    grey = jnp.asarray(images.reshape(len(images), -1))

    @jax.jit
    def epoch(state: Any, key: jax.Array) -> jax.Array:
        order = jax.random.permutation(key, len(grey)).reshape(-1, BATCH)

        def step(state: Any, index_and_rows: tuple[jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
            index, rows = index_and_rows
            shares = grey[rows].astype(float) / 255
            x = jax.random.bernoulli(jax.random.fold_in(key, index), shares).astype(float)
            return inference.update(state, x)

        return jax.lax.scan(step, state, (jnp.arange(len(order)), order))[1]

    start = inference.init(jax.random.key(0), jnp.zeros((BATCH, NUM_PIXELS)))
    return {"numpyro, SVI": lambda: jax.block_until_ready(epoch(start, jax.random.key(1)))}
