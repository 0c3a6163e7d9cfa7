"""Image files: their places in a folder, and their pixels as a person sees them."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jaxvae.errors import UserError
from jaxvae.typing import Shape

if TYPE_CHECKING:
    from PIL import Image

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
ALL = "images"  # the one split of a folder without folders of splits
_GREY_MODES = ("1", "L", "LA", "La")
_MODES = (*_GREY_MODES, "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr")  # of 8 bits a channel, and shown as stored
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_ORIENTATION = 0x0112  # of EXIF
_TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
    8: "ROTATE_90",
}  # fmt: skip
_EXCHANGED = (5, 6, 7, 8)  # orientations that exchange width and height
_PHONE_FORMAT = "MPO"  # a JPEG photograph with a preview after it: the first picture is the photograph


class Listing(NamedTuple):
    """The image files of a folder by split; only `images` if it has no folders of splits."""

    paths: dict[str, list[Path]]
    """The files, ordered by the names of classes, then of files."""
    labels: dict[str, np.ndarray]
    """The number of the class of each file, int64; empty if there are no folders of classes."""
    label_names: tuple[str, ...]
    """The names of the folders of classes, sorted."""

    @property
    def all(self) -> list[Path]:
        """The files of every split."""
        return [path for paths in self.paths.values() for path in paths]


class Header(NamedTuple):
    """The header of a file, read without decoding its pixels."""

    is_grey: bool
    size: tuple[int, int]
    """Width and height as shown, turned if the file says so."""
    is_turned: bool
    has_alpha: bool


class Format(NamedTuple):
    """The common format of all images of a data set."""

    mode: str
    """`L` if all are grey, else `RGB`."""
    shape: Shape
    """The shape [H, W, C] of one image."""
    notes: tuple[str, ...]
    """What was changed in some of them, a line for each change."""


def list_folder(folder: Path) -> Listing:
    """The images of a folder: directly in it, in a folder for each class, or in `train`, `val` and `test` of either.

    Names that begin with a dot, which systems write for themselves, are ignored.

    Raises:
        UserError: if there is no image, if there are images next to folders of images, or train without test.
    """
    folders = _folders(folder)
    named = {SPLIT_FOLDERS.get(path.name.lower()): path for path in folders}
    if "train" not in named:
        paths, classes = _classes(folder)
        parts = {ALL: (paths, classes)}
    else:
        others = [path.name for path in folders if path.name.lower() not in SPLIT_FOLDERS]
        if others or "test" not in named or len(named) < len(folders) or _files(folder):
            raise UserError(
                f"the folder {folder} must hold train, test and maybe val, and nothing else that holds images, got "
                f"{', '.join(path.name for path in folders)}{' and images' if _files(folder) else ''}: move the rest"
            )
        parts = {split: _classes(path) for split, path in named.items() if split is not None}
    names = sorted({name for _, classes in parts.values() for name in classes})
    if names and any(not classes for _, classes in parts.values()):
        raise UserError(f"{folder} must have folders of classes in every split or in none: move the images")
    paths = {split: found for split, (found, _) in parts.items()}
    labels = {split: np.array([names.index(name) for name in classes]) for split, (_, classes) in parts.items()}
    return Listing(paths, labels if names else {}, tuple(names))


def _folders(folder: Path) -> list[Path]:
    """The folders that may hold images."""
    found = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))
    return sorted(path for path in found if _files(path) or any(map(_files, path.glob("*/"))))


def _files(folder: Path) -> list[Path]:
    """The image files directly in a folder."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def _classes(folder: Path) -> tuple[list[Path], list[str]]:
    """Image files and the class name of each; without names if the images are directly in the folder."""
    loose, folders = _files(folder), [path for path in _folders(folder) if _files(path)]
    if loose and folders:
        raise UserError(
            f"the folder {folder} must hold images or folders of classes, got {len(loose)} images beside "
            f"{', '.join(path.name for path in folders[:3])}: move one of the two"
        )
    if not loose and not folders:
        raise UserError(
            f"the folder {folder} must hold images ({', '.join(PICTURE_SUFFIXES)}), got none among its "
            f"{len(list(folder.iterdir()))} entries; put them directly into it, or into a folder for each class"
        )
    if loose:
        return loose, []
    paths = [(path, one.name) for one in folders for path in _files(one)]
    return [path for path, _ in paths], [name for _, name in paths]


def common_format(paths: list[Path], where: Path) -> Format:
    """Colour and size of all images, from their headers alone.

    Raises:
        UserError: naming a file that is damaged, has another size than the first, more than 8 bits a channel, several
            frames, or colours that are not stored as red, green and blue.
    """
    headers = [read_header(path) for path in paths]
    first = headers[0].size
    for path, header in zip(paths, headers, strict=True):
        if header.size != first:
            one, other = (
                f"{width}x{height}{' (turned as its EXIF data say)' if which.is_turned else ''}"
                for which in (headers[0], header)
                for width, height in (which.size,)
            )
            raise UserError(
                f"all images of {where} must have one size, got {paths[0].name} of {one} and {path.name} of {other} "
                "pixels; resize them to one size"
            )
    is_grey = all(header.is_grey for header in headers)
    grey, turned, alpha = (
        sum(getattr(header, name) for header in headers) for name in ("is_grey", "is_turned", "has_alpha")
    )
    notes = [
        (grey if not is_grey else 0, "are grey, which become RGB as the others"),
        (turned, "were turned as their EXIF data say"),
        (alpha, "have transparency, which becomes white"),
    ]
    width, height = first
    lines = tuple(f"{count:,} of {len(paths):,} images {what}" for count, what in notes if count)
    return Format("L" if is_grey else "RGB", (height, width, 1 if is_grey else 3), lines)


def read_pictures(paths: Iterable[Path], mode: str) -> np.ndarray:
    """Images of one size as uint8 [N, H, W, C]; C is 1 for mode `L` and 3 for `RGB`."""
    return np.stack([read_picture(path, mode) for path in paths])


def read_picture(path: Path, mode: str) -> np.ndarray:
    """One image as uint8 [H, W, C] as a person sees it: turned by its EXIF data, with transparency on white.

    Raises:
        UserError: if it is damaged.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            turn = _TURNS.get(_orientation(image))
            shown = image if turn is None else image.transpose(Image.Transpose[turn])
            if _has_alpha(shown):
                shown = shown.convert("RGBA")
                shown = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)
            pixels = np.asarray(shown.convert(mode), np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise _damaged(path) from error
    return pixels if pixels.ndim == 3 else pixels[..., None]


def read_header(path: Path) -> Header:
    """The header of an image file; nothing is decoded.

    Raises:
        UserError: as `common_format`, for one file.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            mode, size, orientation = image.mode, image.size, _orientation(image)
            frames = 1 if image.format == _PHONE_FORMAT else getattr(image, "n_frames", 1)
            is_deep = mode.startswith(("I", "F")) or any("16" in str(tile[3]) for tile in image.tile)
            has_alpha = _has_alpha(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _damaged(path) from error
    if is_deep:
        raise UserError(
            f"{path} must have 8 bits a channel, got 16 or more: save it with 8, or all of them as an array"
        )
    if mode not in _MODES:
        raise UserError(f"{path} must be grey or RGB, got colours stored as {mode}: save it as RGB")
    if frames > 1:
        raise UserError(f"{path} must hold one image, got {frames} frames: save each as a file of its own")
    width, height = size[::-1] if orientation in _EXCHANGED else size
    return Header(mode in _GREY_MODES, (width, height), orientation in _TURNS, has_alpha)


def _orientation(image: "Image.Image") -> int:
    """The orientation in EXIF data before the pixels; data after the pixels of a PNG would require decoding."""
    from PIL import Image

    return Image.Image.getexif(image).get(_ORIENTATION, 1)


def _has_alpha(image: "Image.Image") -> bool:
    return image.mode in _ALPHA or "transparency" in image.info


def _damaged(path: Path) -> UserError:
    return UserError(f"{path} must be an image, got a damaged file or one of another kind; save it again or remove it")
