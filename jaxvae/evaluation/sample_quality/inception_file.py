"""Inception-v3 with the weights of a file, as torch-fidelity publishes them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.errors import UserError
from jaxvae.evaluation.sample_quality.extractor import check_images, in_chunks
from jaxvae.evaluation.sample_quality.inception import features, folded, layout
from jaxvae.typing import Array

PUBLISHED = "weights-inception-2015-12-05-6726825d.pth"
_IMAGES_AT_ONCE = 32
_MOST_DIFFERENCES = 3  # named in a message


@dataclass(frozen=True, eq=False)
class Inception:
    """The network of the FID as a feature extractor: 2,048 features, 1,008 classes.

    Grey images become three equal channels. The probabilities leave out the bias of the last layer, like the graph
    behind published Inception scores. A Fréchet distance over it is an FID only with the published file.
    """

    convolutions: Mapping[str, Any]
    """Kernels and biases, with batch normalisation folded in."""
    classes: Array
    """Weights of the last layer, `[1008, 2048]`."""
    file: str
    """Name of the file."""

    @property
    def name(self) -> str:
        """The name before every figure: `Inception-v3`."""
        return "Inception-v3"

    @property
    def about(self) -> str:
        """The layer and the file."""
        return f"Inception-v3, layer 2048, weights from {self.file}"

    @cached_property
    def _compiled(self) -> dict[str, jax.stages.Wrapped]:
        def probabilities(convolutions: Mapping[str, Any], classes: Array, x: Array) -> Array:
            logits = jnp.matmul(features(convolutions, x), classes.T, precision=jax.lax.Precision.HIGHEST)
            return jax.nn.softmax(logits)

        return {
            "features": jax.jit(lambda convolutions, classes, x: features(convolutions, x)),
            "probabilities": jax.jit(probabilities),
        }

    def _apply(self, name: str, images: np.ndarray) -> np.ndarray:
        check_images(Inception=images)
        if images.shape[-1] not in (1, 3):
            raise UserError(f"Inception takes images of 1 or 3 channels, got shape {images.shape}: leave channels out")
        images = np.broadcast_to(images, (*images.shape[:-1], 3))
        size = min(_IMAGES_AT_ONCE, len(images))
        return in_chunks(lambda x: self._compiled[name](self.convolutions, self.classes, x), images, size)

    def features(self, images: np.ndarray) -> np.ndarray:
        """`[n, height, width, 1 or 3]` in [0, 1] to `[n, 2048]`."""
        return self._apply("features", images)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """`[n, height, width, 1 or 3]` in [0, 1] to `[n, 1008]`."""
        return self._apply("probabilities", images)


def load_inception(path: str | os.PathLike) -> Inception:
    """Read the weights of the FID's Inception-v3 from a file of PyTorch (`pip install 'jaxvae[inception]'`).

    torch-fidelity publishes them as `weights-inception-2015-12-05-6726825d.pth`, converted from Google's graph.

    Args:
        path: a state dict of `torch.save`; nothing in it is executed.

    Raises:
        UserError: without PyTorch, for a file that is missing, of another format, or of another layout.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise UserError(f"no file {str(path)!r}: name where {PUBLISHED} of torch-fidelity's releases is")
    try:
        import torch
    except ImportError as error:
        raise UserError("reading Inception's weights takes PyTorch: pip install 'jaxvae[inception]'") from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling a broken file can raise anything
        raise UserError(
            f"{path.name} is not a state dict by torch.save ({type(error).__name__}): name a copy of {PUBLISHED}"
        ) from error
    weights = _checked(state, path.name)
    return Inception(jax.tree.map(jnp.asarray, folded(weights)), jnp.asarray(weights["fc.weight"]), path.name)


def _checked(state: Any, file: str) -> dict[str, np.ndarray]:
    """The weights of the layout as arrays; counters of batch normalisation are left out."""
    entries = dict(state) if isinstance(state, Mapping) else {}
    shapes = {str(name): tuple(getattr(value, "shape", ())) for name, value in entries.items()}
    expected = layout()
    differences = [f"{name} is missing" for name in expected if name not in shapes]
    differences += [
        f"{name} is {shapes[name]} where {shape} belongs"
        for name, shape in expected.items()
        if name in shapes and shapes[name] != shape
    ]
    differences += [
        f"{name} is unknown" for name in shapes if name not in expected and not name.endswith(".bn.num_batches_tracked")
    ]
    if differences:
        more = len(differences) - _MOST_DIFFERENCES
        raise UserError(
            f"{file} must hold the {len(expected)} weights of {PUBLISHED}: "
            f"{'; '.join(differences[:_MOST_DIFFERENCES])}{f'; and {more} more' if more > 0 else ''}: name a copy of it"
        )
    return {name: np.asarray(state[name].numpy(), np.float32) for name in expected}
