"""Names and paths are told apart."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxvae.data import load
from jaxvae.data.load import is_path
from tests.data.helpers import user_error


def test_is_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("mnist", "digits", "my_images", "some/where"):
        (tmp_path / folder).mkdir(parents=True)
    assert is_path("missing.npz")
    assert is_path("some/missing.NPY")
    assert is_path("my_images")
    assert is_path("some/where")
    assert is_path("./mnist")
    assert not is_path("mnist")  # a folder of that name changes nothing
    assert not is_path("digits")
    assert not is_path("shapes")
    assert not is_path("emnist/letters")
    assert not is_path("")


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    np.save(tmp_path / "a.npy", np.zeros((7, 4)))
    assert load("~/a.npy").data_shape == (4,)


def test_folder_of_images(tmp_path: Path) -> None:
    for name in "abcd":
        Image.fromarray(np.zeros((5, 4), np.uint8)).save(tmp_path / f"{name}.png")
    assert load(str(tmp_path)).data_shape == (5, 4, 1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mnits", ("did you mean mnist", "digits, shapes, mnist, fashion_mnist, binarized_mnist", ".npz")),
        ("Digits", ("did you mean digits?",)),
        ("cifar1", ("did you mean cifar10",)),
        ("no/such/folder", ("unknown data set 'no/such/folder'", "folder of images")),
        ("../../escape", ("unknown data set",)),
        ("", ("unknown data set ''",)),
        ("emnist/leters", ("'emnist' has no configuration or version 'leters'", "the nearest are letters")),
        ("kmnist:9.9.9", ("'kmnist' has no configuration or version '9.9.9'", "give kmnist")),
        ("imdb_reviews", ("one image an example", "(text, label)", "choose another set")),
        ("caltech101", ("images of one size", "(None, None, 3)", "folder of images")),
    ],
)
def test_unknown_names(name: str, words: tuple[str, ...], tmp_path: Path) -> None:
    with user_error(*words):
        load(name, tmp_path / "data")
    assert not list(tmp_path.iterdir())
