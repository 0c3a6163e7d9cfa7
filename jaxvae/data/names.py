"""The names of the library's data sets; any other name belongs to tensorflow-datasets."""

import difflib
from collections.abc import Iterable

from jaxvae.data.originals import ORIGINALS
from jaxvae.errors import UserError

DIGITS = "digits"
SHAPES = "shapes"
NAMES = (DIGITS, SHAPES, *ORIGINALS)
_BLACK_AND_WHITE = (DIGITS, "mnist", "fashion_mnist", "emnist")


def is_drawn_in_black_and_white(name: str) -> bool:
    """Whether papers draw 0 or 1 from the grey levels of this set, and score the draws.

    >>> is_drawn_in_black_and_white("emnist/letters"), is_drawn_in_black_and_white("cifar10")
    (True, False)
    """
    return name.split("/")[0] in _BLACK_AND_WHITE


def unknown_name(name: str, known: Iterable[str]) -> UserError:
    """The error for a name that is neither one of `NAMES` nor of `known`: it gives the nearest, not all of them.

    >>> print(unknown_name("mnits", ["kmnist", "imdb_reviews"]))
    unknown data set 'mnits': did you mean mnist or kmnist? Expected digits, shapes, mnist, fashion_mnist, ...
    """
    nearest = difflib.get_close_matches(name.lower(), {*NAMES, *known}, n=3)
    question = f"did you mean {' or '.join(nearest)}? " if nearest else ""
    return UserError(
        f"unknown data set {name!r}: {question}Expected {', '.join(NAMES)}, another image set of tensorflow-datasets, "
        "or the path of an .npz file, an .npy file or a folder of images"
    )
