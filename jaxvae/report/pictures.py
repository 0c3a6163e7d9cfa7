"""Pictures of samples and reconstructions."""

from pathlib import Path

import numpy as np

from jaxvae.report.figure import new_figure
from jaxvae.typing import Shape

_INCHES_PER_IMAGE, _MOST_INCHES = 0.6, 24.0
_MOST_PIXELS = 256  # of a side of one image: a grid shows at most so many


def is_image(data_shape: Shape) -> bool:
    """Whether data of that shape can be shown: height, width and channels."""
    return len(data_shape) == 3


def as_shown(images: np.ndarray) -> tuple[np.ndarray, str]:
    """Images `[n, H, W, C]` with 1 or 3 channels and at most 256 pixels a side, and what was done to them, if anything.

    For other numbers of channels the mean is shown; for larger images every second pixel, or every third, ….

    >>> shown, note = as_shown(np.zeros((2, 300, 8, 4)))
    >>> shown.shape, note
    ((2, 150, 8, 1), 'mean of 4 channels, every 2nd row')
    """
    notes = []
    if images.shape[-1] not in (1, 3):
        notes.append(f"mean of {images.shape[-1]} channels")
        images = images.mean(axis=-1, keepdims=True)
    steps = [-(-side // _MOST_PIXELS) for side in images.shape[1:3]]
    for step, what in zip(steps, ("row", "column"), strict=True):
        if step > 1:
            notes.append(f"every {step}{ {2: 'nd', 3: 'rd'}.get(step, 'th') } {what}")
    return images[:, :: steps[0], :: steps[1]], ", ".join(notes)


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
        images: `[n, H, W, C]` with values in [0, 1] (others are clipped), filled row by row; see `as_shown`.
        title: one line above the grid.
        columns: images in a row.
        rows: a label for each row, left of it.
    """
    images, note = as_shown(images)
    height = images.shape[1]
    gap = max(1, height // 14)
    sheet = _tile(np.clip(images, 0.0, 1.0), columns, gap)
    tall = min(sheet.shape[0] / sheet.shape[1] * columns * _INCHES_PER_IMAGE, _MOST_INCHES)
    figure = new_figure(columns * _INCHES_PER_IMAGE + 0.9, tall + 0.5)
    axes = figure.add_subplot()
    axes.imshow(sheet.squeeze(), cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
    axes.set_title(f"{title}; {note}" if note else title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([index * (height + gap) + height / 2 for index in range(len(rows))], rows, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.savefig(path, dpi=150)
