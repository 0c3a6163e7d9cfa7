"""Grids of images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxvae.report import is_image, save_grid
from jaxvae.report.pictures import _tile


def test_tiles_fill_rows_first_with_white_between() -> None:
    images = np.stack([np.full((2, 3, 1), value) for value in (0.1, 0.2, 0.3, 0.4, 0.5)])
    sheet = _tile(images, columns=2, gap=1)[..., 0]
    assert sheet.shape == (3 * 2 + 2, 2 * 3 + 1)
    assert [sheet[0, 0], sheet[0, 4], sheet[3, 0], sheet[3, 4], sheet[6, 0]] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert sheet[2].tolist() == [1.0] * 7
    assert sheet[6, 4] == 1.0  # the last row is not full


@pytest.mark.parametrize("channels", [1, 3])
def test_writes_a_picture_that_shows_the_images(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "grid.png"
    images = np.zeros((6, 5, 4, channels))
    images[3] = 1.0
    save_grid(path, images, "a title", columns=3, rows=("first", "second"))
    pixels = np.asarray(Image.open(path).convert("L"))
    assert min(pixels.shape) > 50
    assert pixels.min() < 20
    assert pixels.max() > 235


def test_what_is_an_image() -> None:
    assert is_image((8, 8, 1))
    assert is_image((32, 30, 3))
    assert is_image((8, 8, 2))
    assert not is_image((64,))
