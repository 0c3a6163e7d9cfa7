"""Pictures of samples and reconstructions."""

from pathlib import Path

import matplotlib as mpl
import numpy as np

from jaxvae.typing import Shape

mpl.use("Agg")  # a script on a server has no display

_INCHES_PER_IMAGE = 0.6


def is_image(data_shape: Shape) -> bool:
    """Whether data of that shape can be shown: height, width and 1 or 3 channels."""
    return len(data_shape) == 3 and data_shape[-1] in (1, 3)


def _tile(images: np.ndarray, columns: int, gap: int) -> np.ndarray:
    """Images `[n, H, W, C]` side by side, white between them."""
    rows = -(-len(images) // columns)
    height, width, channels = images.shape[1:]
    sheet = np.ones((rows * (height + gap) - gap, columns * (width + gap) - gap, channels))
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def save_grid(path: Path, images: np.ndarray, title: str, *, columns: int = 10, rows: tuple[str, ...] = ()) -> None:
    """Write a grid of images as PNG.

    Args:
        path: file to write.
        images: `[n, H, W, C]` with values in [0, 1] (others are clipped), C = 1 or 3, filled row by row.
        title: one line above the grid.
        columns: images in a row.
        rows: a label for each row, left of it.
    """
    from matplotlib import pyplot as plt

    height = images.shape[1]
    gap = max(1, height // 14)
    sheet = _tile(np.clip(images, 0.0, 1.0), columns, gap)
    size = (columns * _INCHES_PER_IMAGE + 0.9, sheet.shape[0] / sheet.shape[1] * columns * _INCHES_PER_IMAGE + 0.5)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    axes.imshow(sheet.squeeze(), cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([index * (height + gap) + height / 2 for index in range(len(rows))], rows, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
