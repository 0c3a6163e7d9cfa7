"""Run by `test_mesh.py` in a process of its own with 8 virtual devices: trains on several meshes, prints JSON."""

import dataclasses
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

import jaxvae as jv
from jaxvae.data import Preprocessing
from jaxvae.training import Optimizer, Training, TrainState, create_state, train_epoch, validate
from jaxvae.training.checkpoint import restore_checkpoint, save_checkpoint
from jaxvae.training.mesh import CUT_FROM, make_mesh, on_one_device, place_examples

MESHES = [(1, 1), (2, 1), (4, 1), (8, 1), (2, 2), (1, 8)]
EPOCHS, RESUMED_FROM = 20, 10
NETWORK = jv.networks.MLP((136, 128))  # 4 weight matrices that are large enough to be cut
MODEL = jv.VAE((12, 12, 1), 6, encoder=NETWORK, decoder=NETWORK)
TRAINING = Training(
    MODEL, Preprocessing(maximum=255, binarize="dynamic"), Optimizer(learning_rate=5e-4, ema_decay=0.9), batch_size=16
)
OF_OPTAX = dataclasses.replace(TRAINING, optimizer=Optimizer(optax.adam(5e-4), ema_decay=0.9))


def train(
    data: int,
    model: int,
    num_images: int,
    folder: Path | None = None,
    resume: bool = False,
    training: Training = TRAINING,
) -> dict[str, Any]:
    """Train for 5 steps an epoch; leaves a checkpoint after `RESUMED_FROM` epochs, or starts from it."""
    images = (np.random.default_rng(0).random((num_images, 12, 12, 1)) ** 4 * 255).astype(np.uint8)
    validation = np.asarray(images[:7] > 127, np.float32)
    with jax.set_mesh(make_mesh(data, model)):
        raw = place_examples(images)
        create = jax.jit(partial(create_state, num_examples=num_images))
        state: TrainState = create(training, jax.random.key(0), validation)
        if resume:
            state = restore_checkpoint(folder, "last", state)
        epoch = jax.jit(train_epoch).lower(training, state, raw).compile()
        score = jax.jit(validate).lower(training, state, validation).compile()
        losses = []
        while int(state.epoch) < EPOCHS:
            state, metrics = epoch(training, state, raw)
            state, scores = score(training, state, validation)
            losses += [float(metrics["loss"]), float(scores["elbo"])]
            if folder is not None and not resume and int(state.epoch) == RESUMED_FROM:
                save_checkpoint(folder, "last", state)
        kernels = [leaf for leaf in jax.tree.leaves(state) if leaf.size >= CUT_FROM]
        whole = on_one_device(state)
        return {
            "losses": losses,
            "wide": len(kernels),
            "held": sorted({leaf.addressable_shards[0].data.size / leaf.size for leaf in kernels}),
            "images_held": raw.addressable_shards[0].data.shape[0],
            "flops": epoch.cost_analysis()["flops"],
            "devices_after": len(
                {shard.device for leaf in jax.tree.leaves(whole) for shard in leaf.addressable_shards}
            ),
        }


def main() -> None:
    """All meshes, an odd number of images, and a checkpoint of 4 devices on 1 and on 8."""
    folder = Path(sys.argv[1])
    document = {f"{data}x{model}": train(data, model, 80) for data, model in MESHES}
    document["written"] = train(4, 1, 80, folder)
    document |= {
        f"resumed on {data}x{model}": train(data, model, 80, folder, resume=True)
        for data, model in [(1, 1), (8, 1), (2, 4)]
    }
    document |= {"odd alone": train(1, 1, 77), "odd": train(4, 1, 77)}
    document["of Optax on 2x2"] = train(2, 2, 80, training=OF_OPTAX)
    print(json.dumps(document))


if __name__ == "__main__":
    main()
