"""A folder of image files as one array."""

from pathlib import Path

import numpy as np

from jaxvae.errors import UserError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
_GREY_MODES = ("1", "L", "LA")
_DEEP_MODES = ("I", "F")  # of 16 and 32 bits; "I;16" and its like begin with I


def read_pictures(folder: Path) -> np.ndarray:
    """All images of `folder` in the order of their names, uint8 [N, H, W, C]; C is 1 if all are grey, else 3.

    Transparency is dropped; sub-folders and other files are passed over.

    Raises:
        UserError: if there is no image, or one is damaged, has more than 8 bits a channel or another size.
    """
    paths = list_pictures(folder)
    headers = [_header(path) for path in paths]
    for path, (_, size) in zip(paths, headers, strict=True):
        if size != headers[0][1]:
            first, other = (f"{width}x{height}" for width, height in (headers[0][1], size))
            raise UserError(
                f"all images of {folder} must have one size, got {paths[0].name} of {first} and {path.name} of {other} "
                "pixels; resize them to one size"
            )
    mode = "L" if all(mode in _GREY_MODES for mode, _ in headers) else "RGB"
    images = np.stack([_pixels(path, mode) for path in paths])
    return images if mode == "RGB" else images[..., None]


def list_pictures(folder: Path) -> list[Path]:
    """The image files of `folder` in the order of their names.

    Raises:
        UserError: if there is none.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise UserError(
            f"the folder {folder} must hold images ({', '.join(PICTURE_SUFFIXES)}), got none among its "
            f"{len(list(folder.iterdir()))} entries; put them directly into it"
        )
    return paths


def read_picture(path: Path, mode: str | None) -> np.ndarray:
    """One image as uint8 [H, W, C], grey (mode L) or RGB; by default as it is stored.

    Raises:
        UserError: if it is damaged, has more than 8 bits a channel, or has colours that grey would lose.
    """
    stored = _header(path)[0]
    own = "L" if stored in _GREY_MODES else "RGB"
    if mode == "L" and own == "RGB":
        raise UserError(f"{path} must be grey as the first image, got mode {stored}; save all as RGB")
    pixels = _pixels(path, own if mode is None else mode)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _header(path: Path) -> tuple[str, tuple[int, int]]:
    """Colour mode and (width, height), without decoding the pixels."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            mode, size = image.mode, image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _damaged(path) from error
    if mode.startswith(_DEEP_MODES):
        raise UserError(f"{path} must have 8 bits a channel, got mode {mode}; save it as 8-bit grey or RGB")
    return mode, size


def _pixels(path: Path, mode: str) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode), np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> UserError:
    return UserError(f"{path} must be an image, got a damaged file or one of another kind; save it again or remove it")
