"""Training of a convolutional VAE: our whole epoch as one program, the same steps one by one, and PyTorch."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxvae as jv
from benchmarks.peers import torch_device
from benchmarks.task import Contenders, Task, grey_images, work_of_steps
from jaxvae.data import Preprocessing
from jaxvae.hardware import compiled
from jaxvae.training import Training, create_state, shuffled_batches, train_epoch, train_step
from jaxvae.training.epoch import Batch
from jaxvae.typing import Shape

CHANNELS, LATENT_DIM, BATCH = (32, 64), 20, 128


def described_training(shape: Shape = (28, 28, 1)) -> Training:
    """The network and how it is trained: dynamic binarisation, the ELBO, Adam."""
    network = jv.networks.Conv(CHANNELS)
    model = jv.VAE(shape, LATENT_DIM, encoder=network, decoder=network)
    return Training(model, Preprocessing(maximum=255, binarize="dynamic"), batch_size=BATCH)


def convolution(num_examples: int) -> Task:
    """A step on 128 images of 28x28 with convolutions of 32 and 64 channels, 4 x 4, stride 2, and Adam."""
    steps = max(num_examples // BATCH, 1)
    images = grey_images(steps * BATCH)
    described = described_training()
    state, raw = create_state(described, jax.random.key(0), None, len(images)), jnp.asarray(images)
    epoch = compiled(jax.jit(train_epoch), described, state, raw)
    batches = shuffled_batches(jax.random.key(0), len(images), BATCH)
    single = compiled(jax.jit(train_step), described, state, raw, jax.tree.map(lambda leaf: leaf[0], batches))

    def step_by_step() -> Any:
        now = state
        for index in range(steps):
            now, _ = single(described, now, raw, Batch(batches.indices[index], batches.mask[index]))
        return jax.block_until_ready(now.params)

    contenders: Contenders = {
        "convolutions of XLA alone": _convolutions(steps),
        "jaxvae": lambda: jax.block_until_ready(epoch(described, state, raw)[0].params),
        "jaxvae, step by step": step_by_step,
    }
    contenders |= _torch_contender(images)
    title = "a step of a convolutional VAE (32 and 64 channels, stride 2), 128 images of 28x28, in seconds"
    traced = jax.jit(train_step).trace(described, state, raw, jax.tree.map(lambda leaf: leaf[0], batches))
    return Task(title, contenders, 1.0 / steps, work=partial(work_of_steps, traced, steps))


def _convolutions(steps: int) -> Any:
    """Convolutions and matrix products alone, forward and backward, as XLA has them, step by step."""
    keys = jax.random.split(jax.random.key(0), 7)
    first, second = CHANNELS
    shapes = [(4, 4, 1, first), (4, 4, first, second), (7 * 7 * second, 2 * LATENT_DIM), (LATENT_DIM, 7 * 7 * second)]
    shapes += [(4, 4, second, first), (4, 4, first, 1)]
    weights = [0.01 * jax.random.normal(key, shape) for key, shape in zip(keys, shapes, strict=False)]
    layout = ("NHWC", "HWIO", "NHWC")
    down = partial(jax.lax.conv_general_dilated, window_strides=(2, 2), padding="SAME", dimension_numbers=layout)
    up = partial(jax.lax.conv_transpose, strides=(2, 2), padding="SAME", dimension_numbers=layout)

    def output(weights: list[jax.Array], x: jax.Array) -> jax.Array:
        hidden = down(down(x, weights[0]), weights[1]).reshape(BATCH, -1) @ weights[2]
        hidden = (hidden[:, :LATENT_DIM] @ weights[3]).reshape(BATCH, 7, 7, second)
        return jnp.sum(up(up(hidden, weights[4]), weights[5]) ** 2)

    x = jax.random.normal(keys[-1], (BATCH, 28, 28, 1))
    step = compiled(jax.jit(jax.grad(output)), weights, x)

    def run() -> Any:
        return [jax.block_until_ready(step(weights, x)) for _ in range(steps)]

    return run


def _torch_contender(images: np.ndarray) -> Contenders:
    try:
        import torch
        from torch import nn
    except ImportError:
        return {}
    first, second = CHANNELS
    encoder = nn.Sequential(
        nn.Conv2d(1, first, 4, 2, 1), nn.SiLU(), nn.Conv2d(first, second, 4, 2, 1), nn.SiLU(), nn.Flatten(),
        nn.Linear(7 * 7 * second, 2 * LATENT_DIM),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(LATENT_DIM, 7 * 7 * second), nn.SiLU(), nn.Unflatten(1, (second, 7, 7)),
        nn.ConvTranspose2d(second, first, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(first, 1, 4, 2, 1),
    )  # fmt: skip
    device = torch_device()
    encoder, decoder = encoder.to(device), decoder.to(device)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3)
    grey = torch.tensor(images.transpose(0, 3, 1, 2)).float().to(device) / 255

    def epoch() -> None:
        for index in torch.randperm(len(grey), device=device).split(BATCH):
            x = torch.bernoulli(grey[index])
            loc, log_scale = encoder(x).chunk(2, dim=-1)
            logits = decoder(loc + log_scale.exp() * torch.randn_like(loc))
            pixels = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum()
            optimizer.zero_grad(set_to_none=True)
            ((pixels + kl) / len(x)).backward()
            optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()  # PyTorch returns before the GPU is done

    return {"PyTorch": epoch}
