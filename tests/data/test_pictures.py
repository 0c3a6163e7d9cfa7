"""Folders of image files."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxvae.data import load
from jaxvae.data.pictures import common_format, list_folder, read_pictures
from tests.data.helpers import user_error

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 5, 4


def write(path: Path, mode: str = "L", height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    channels = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = RNG.integers(0, 256, (height, width, *channels)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def read(folder: Path) -> np.ndarray:
    """All images of the data set in the order of their names."""
    paths = list_folder(folder).all
    return read_pictures(paths, common_format(paths, folder).mode)


def test_grey_images_in_the_order_of_their_names(tmp_path: Path) -> None:
    pixels = {name: write(tmp_path / name) for name in ("c.png", "a.bmp", "b.PNG")}
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "._a.bmp").write_bytes(b"what macOS writes beside a file")
    images = read(tmp_path)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[..., 0], np.stack([pixels[name] for name in sorted(pixels)]))


def test_colour_wins_over_grey_and_transparency_becomes_white(tmp_path: Path) -> None:
    grey, colour, glass = write(tmp_path / "a.png"), write(tmp_path / "b.png", "RGB"), write(tmp_path / "c.png", "RGBA")
    opaque = glass[..., 3:].astype(float) / 255
    on_white = opaque * glass[..., :3] + (1 - opaque) * 255
    found = read(tmp_path)
    np.testing.assert_array_equal(found[:2], [np.stack([grey] * 3, -1), colour])
    np.testing.assert_allclose(found[2], on_white, atol=1.0)
    notes = load(str(tmp_path)).notes
    assert notes == (
        "1 of 3 images are grey, which become RGB as the others",
        "1 of 3 images have transparency, which becomes white",
    )


def test_a_transparent_palette_and_transparent_grey_become_white(tmp_path: Path) -> None:
    palette = Image.new("P", (WIDTH, HEIGHT), 1)
    palette.putpalette([0, 0, 0, 10, 200, 30])
    palette.putpixel((2, 1), 0)
    palette.info["transparency"] = 0
    palette.save(tmp_path / "a.png", transparency=0)
    expected = np.full((HEIGHT, WIDTH, 3), (10, 200, 30), np.uint8)
    expected[1, 2] = 255
    np.testing.assert_array_equal(read(tmp_path), expected[None])
    (tmp_path / "a.png").unlink()
    grey = write(tmp_path / "b.png", "LA")
    opaque = grey[..., 1].astype(float) / 255
    np.testing.assert_allclose(read(tmp_path)[0, ..., 0], opaque * grey[..., 0] + (1 - opaque) * 255, atol=1.0)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_as_their_exif_data_say(tmp_path: Path, orientation: int, stream: bool) -> None:
    """By the definition of the eight values: what the stored rows and columns show."""
    shown = RNG.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    stored = {
        1: shown, 2: shown[:, ::-1], 3: shown[::-1, ::-1], 4: shown[::-1], 5: shown.transpose(1, 0, 2),
        6: shown[:, ::-1].transpose(1, 0, 2)[:, ::1], 7: shown[::-1, ::-1].transpose(1, 0, 2),
        8: shown[::-1].transpose(1, 0, 2),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in "abcd":
        Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / f"{name}.png", exif=exif)
    dataset = load(str(tmp_path), stream=stream)
    np.testing.assert_array_equal(dataset.train.values[0], shown)
    assert dataset.notes == (() if orientation == 1 else ("4 of 4 images were turned as their EXIF data say",))


@pytest.mark.parametrize("stream", [False, True])
def test_folders_of_classes_are_labels(tmp_path: Path, stream: bool) -> None:
    pixels = {}
    for name in ("cat", "ant"):
        (tmp_path / name).mkdir()
        for index in range(7):
            pixels[write(tmp_path / name / f"{index}.jfif", "RGB").shape] = name
            level = 200 if name == "cat" else 20
            Image.fromarray(np.full((HEIGHT, WIDTH, 3), level, np.uint8)).save(
                tmp_path / name / f"{index}.jfif", format="JPEG"
            )
    dataset = load(str(tmp_path), stream=stream)
    assert dataset.label_names == ("ant", "cat")
    assert sum(len(split) for split in dataset.splits.values()) == 14
    for split in dataset.splits.values():
        assert split.labels is not None
        np.testing.assert_array_equal(split.values[:].mean(axis=(1, 2, 3)) > 100, split.labels == 1)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("validation", [None, "val", "Validation"])
@pytest.mark.parametrize("classes", [(), ("b", "a")])
def test_folders_of_splits(tmp_path: Path, validation: str | None, classes: tuple[str, ...], stream: bool) -> None:
    sizes = {"train": 20, "test": 4} | ({validation: 6} if validation else {})
    for level, (split, size) in enumerate(sizes.items()):
        for index in range(size):
            folder = tmp_path / split / (classes[index % 2] if classes else "")
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((HEIGHT, WIDTH), 10 * level + 5, np.uint8)).save(folder / f"{index:02}.png")
    dataset = load(str(tmp_path), stream=stream)
    lengths = [len(split) for split in dataset.splits.values()]
    assert lengths[2] == 4
    assert lengths[:2] == [20, 6] if validation else sum(lengths) == 24 and min(lengths) > 0
    assert set(np.unique(dataset.test.values[:])) == {15}
    assert set(np.unique(dataset.validation.values[:])) == {25 if validation else 5}
    assert dataset.label_names == tuple(sorted(classes))
    assert all((split.labels is None) == (not classes) for split in dataset.splits.values())


def test_folders_that_are_mixed_are_refused(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "a.png")
    write(tmp_path / "loose.png")
    with user_error("images or folders of classes", "1 images beside cat, dog"):
        load(str(tmp_path))
    (tmp_path / "loose.png").unlink()
    (tmp_path / "cat").rename(tmp_path / "train")
    with user_error("train, test and maybe val, and nothing else", "got dog, train"):
        load(str(tmp_path))
    (tmp_path / "dog").rename(tmp_path / "test")
    (tmp_path / "test" / "cat").mkdir()
    (tmp_path / "test" / "a.png").rename(tmp_path / "test" / "cat" / "a.png")
    with user_error("folders of classes in every split or in none"):
        load(str(tmp_path))


def test_what_is_not_one_8_bit_image_of_grey_or_rgb_is_refused(tmp_path: Path) -> None:
    def refused(*words: str) -> None:
        with user_error(*words):
            load(str(tmp_path))
        for path in tmp_path.iterdir():
            path.unlink()

    frames = [Image.fromarray(RNG.integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)) for _ in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    refused("a.gif", "one image", "got 3 frames")
    Image.new("CMYK", (WIDTH, HEIGHT)).save(tmp_path / "a.jpg")
    refused("a.jpg", "grey or RGB", "CMYK", "save it as RGB")
    write_deep_colour(tmp_path / "a.png")
    refused("a.png", "8 bits a channel", "16 or more")


def write_deep_colour(path: Path) -> None:
    """An RGB image of 16 bits a channel, which Pillow reads and cannot write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])
    rows = b"".join(b"\0" + RNG.integers(0, 256, 6 * WIDTH).astype(np.uint8).tobytes() for _ in range(HEIGHT))
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


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
    assert sum(len(split) for split in dataset.splits.values()) == 13
    assert all(len(split) for split in dataset.splits.values())
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
    with user_error("a.png", "8 bits", "16 or more"):
        load(str(tmp_path))
