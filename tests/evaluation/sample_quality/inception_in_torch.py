"""The oracle: the network of the FID in PyTorch's own operations, on a state dict of the published layout."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

State = Mapping[str, Tensor]


def generated_state(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, Tensor]:
    """Random weights under which activations keep their size, with the counters that PyTorch adds."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=generator)
        kind = name.split(".", 1)[1].removeprefix("branch").rsplit(".", 2)[-2:]
        if len(shape) > 1:
            state[name] = noise * (2.0 / np.prod(shape[1:])) ** 0.5
        elif kind in (["bn", "weight"], ["bn", "running_var"]):
            state[name] = 1.0 + 0.5 * torch.tanh(noise)
        else:
            state[name] = 0.2 * noise
    for name in [name for name in shapes if name.endswith("running_var")]:
        state[name.replace("running_var", "num_batches_tracked")] = torch.tensor(0)
    return state


class Oracle:
    """Layers are called by name; paddings are written out."""

    def __init__(self, state: State) -> None:
        self.state = state

    def _layer(self, x: Tensor, name: str, padding: tuple[int, int] = (0, 0), stride: int = 1) -> Tensor:
        bn = [self.state[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        x = functional.conv2d(x, self.state[f"{name}.conv.weight"], stride=stride, padding=padding)
        return functional.relu(functional.batch_norm(x, *bn, training=False, eps=0.001))

    def _chain(self, x: Tensor, block: str, *layers: tuple) -> Tensor:
        for name, *how in layers:
            x = self._layer(x, f"{block}.{name}", *how)
        return x

    def _pooled(self, x: Tensor, block: str) -> Tensor:
        mean = functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        return self._layer(mean, f"{block}.branch_pool")

    def _block_a(self, x: Tensor, b: str) -> Tensor:
        five = self._chain(x, b, ("branch5x5_1",), ("branch5x5_2", (2, 2)))
        three = self._chain(x, b, ("branch3x3dbl_1",), ("branch3x3dbl_2", (1, 1)), ("branch3x3dbl_3", (1, 1)))
        return torch.cat([self._layer(x, f"{b}.branch1x1"), five, three, self._pooled(x, b)], 1)

    def _block_b(self, x: Tensor, b: str) -> Tensor:
        three = self._chain(x, b, ("branch3x3dbl_1",), ("branch3x3dbl_2", (1, 1)), ("branch3x3dbl_3", (0, 0), 2))
        return torch.cat([self._layer(x, f"{b}.branch3x3", stride=2), three, functional.max_pool2d(x, 3, 2)], 1)

    def _block_c(self, x: Tensor, b: str) -> Tensor:
        wide, tall = (0, 3), (3, 0)
        seven = self._chain(x, b, ("branch7x7_1",), ("branch7x7_2", wide), ("branch7x7_3", tall))
        double = [(f"branch7x7dbl_{i}", how) for i, how in ((2, tall), (3, wide), (4, tall), (5, wide))]
        twice = self._chain(x, b, ("branch7x7dbl_1",), *double)
        return torch.cat([self._layer(x, f"{b}.branch1x1"), seven, twice, self._pooled(x, b)], 1)

    def _block_d(self, x: Tensor, b: str) -> Tensor:
        three = self._chain(x, b, ("branch3x3_1",), ("branch3x3_2", (0, 0), 2))
        seven = self._chain(x, b, ("branch7x7x3_1",), ("branch7x7x3_2", (0, 3)), ("branch7x7x3_3", (3, 0)))
        seven = self._layer(seven, f"{b}.branch7x7x3_4", stride=2)
        return torch.cat([three, seven, functional.max_pool2d(x, 3, 2)], 1)

    def _block_e(self, x: Tensor, b: str, *, pools_maximum: bool) -> Tensor:
        def fork(x: Tensor, name: str) -> list[Tensor]:
            return [self._layer(x, f"{b}.{name}a", (0, 1)), self._layer(x, f"{b}.{name}b", (1, 0))]

        three = fork(self._layer(x, f"{b}.branch3x3_1"), "branch3x3_2")
        twice = fork(self._chain(x, b, ("branch3x3dbl_1",), ("branch3x3dbl_2", (1, 1))), "branch3x3dbl_3")
        pool = self._pooled(x, b)
        if pools_maximum:
            pool = self._layer(functional.max_pool2d(x, 3, stride=1, padding=1), f"{b}.branch_pool")
        return torch.cat([self._layer(x, f"{b}.branch1x1"), *three, *twice, pool], 1)

    def features(self, x: Tensor) -> Tensor:
        """`[n, 3, 299, 299]` in [−1, 1) to `[n, 2048]`."""
        x = self._layer(x, "Conv2d_1a_3x3", stride=2)
        x = self._layer(self._layer(x, "Conv2d_2a_3x3"), "Conv2d_2b_3x3", (1, 1))
        x = functional.max_pool2d(x, 3, 2)
        x = self._layer(self._layer(x, "Conv2d_3b_1x1"), "Conv2d_4a_3x3")
        x = functional.max_pool2d(x, 3, 2)
        for letter in "bcd":
            x = self._block_a(x, f"Mixed_5{letter}")
        x = self._block_b(x, "Mixed_6a")
        for letter in "bcde":
            x = self._block_c(x, f"Mixed_6{letter}")
        x = self._block_d(x, "Mixed_7a")
        x = self._block_e(x, "Mixed_7b", pools_maximum=False)
        x = self._block_e(x, "Mixed_7c", pools_maximum=True)
        return x.mean((2, 3))


def resized(levels: np.ndarray, size: int = 299) -> np.ndarray:
    """TensorFlow 1's bilinear interpolation, pixel by pixel in float64: `[n, h, w, c]` to `[n, size, size, c]`."""
    n, height, width, channels = levels.shape
    out = np.empty((n, size, size, channels))
    for i in range(size):
        for j in range(size):
            y, x = i * height / size, j * width / size
            top, left = int(y), int(x)
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            upper = (1 - x + left) * levels[:, top, left] + (x - left) * levels[:, top, right]
            lower = (1 - x + left) * levels[:, bottom, left] + (x - left) * levels[:, bottom, right]
            out[:, i, j] = (1 - y + top) * upper + (y - top) * lower
    return out
