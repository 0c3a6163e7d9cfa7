"""Folders of image files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxvae.data import load
from jaxvae.data.pictures import read_pictures
from tests.data.helpers import user_error

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 5, 4


def write(path: Path, mode: str = "L", height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    channels = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = RNG.integers(0, 256, (height, width, *channels)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def test_grey_images_in_the_order_of_their_names(tmp_path: Path) -> None:
    pixels = {name: write(tmp_path / name) for name in ("c.png", "a.bmp", "b.PNG")}
    (tmp_path / "notes.txt").write_text("not an image")
    images = read_pictures(tmp_path)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[..., 0], np.stack([pixels[name] for name in sorted(pixels)]))


def test_colour_wins_over_grey_and_transparency_is_dropped(tmp_path: Path) -> None:
    grey, colour, glass = write(tmp_path / "a.png"), write(tmp_path / "b.png", "RGB"), write(tmp_path / "c.png", "RGBA")
    images = read_pictures(tmp_path)
    np.testing.assert_array_equal(images, [np.stack([grey] * 3, -1), colour, glass[..., :3]])


def test_black_and_white_images_keep_the_8_bit_scale(tmp_path: Path) -> None:
    for name in "abcd":
        Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).convert("1").save(tmp_path / f"{name}.png")
    dataset = load(str(tmp_path))
    assert dataset.data_shape == (HEIGHT, WIDTH, 1)
    assert dataset.maximum == 255


def test_folder_is_split(tmp_path: Path) -> None:
    for index in range(13):
        write(tmp_path / f"{index:02}.jpg", "RGB")
    dataset = load(str(tmp_path))
    assert [len(split) for split in dataset.splits.values()] == [11, 1, 1]
    assert dataset.name == str(tmp_path)


def test_sizes_that_differ_name_two_files(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    write(tmp_path / "b.png", height=7, width=6)
    with user_error("one size", "a.png of 4x5", "b.png of 6x7", "resize"):
        load(str(tmp_path))


def test_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with user_error("must hold images", ".png", "none among its 1 entries", "directly"):
        load(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_damaged_image(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(content)
    with user_error("b.png", "damaged", "again or remove"):
        load(str(tmp_path))


def test_image_cut_short(tmp_path: Path) -> None:
    write(tmp_path / "a.png", height=50, width=60)
    write(tmp_path / "b.png", height=50, width=60)
    content = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(content[: len(content) // 2])
    with user_error("b.png", "damaged"):
        load(str(tmp_path))


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(RNG.integers(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)).save(tmp_path / "a.png")
    with user_error("a.png", "8 bits", "I;16", "save it as 8-bit"):
        load(str(tmp_path))
