"""Stock sets of tensorflow-datasets, by a set of our own that tensorflow-datasets takes for one of them."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from jaxvae.data import Split, load, prepare
from jaxvae.data.tfds_sets import arrange
from tests.data.helpers import user_error

prepare_module = importlib.import_module("jaxvae.data.prepare")  # the package holds the function under this name
HEIGHT, WIDTH, CHANNELS = 5, 4, 3
COUNTS = {"train": 30, "validation": 6, "test": 7, "extra": 9}
CONFIGURATIONS = {
    "three": ("train", "validation", "test", "extra"),
    "no_validation": ("train", "test"),
    "no_test": ("train", "validation"),
    "only_extra": ("extra",),
}


def pixels(split: str) -> np.ndarray:
    seed = list(COUNTS).index(split)
    shape = (COUNTS[split], HEIGHT, WIDTH, CHANNELS)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


class TinyPictures(tfds.core.GeneratorBasedBuilder):
    """Pictures with labels; stock builders that yield arrays write them with TensorFlow, this one with pillow."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name) for name in CONFIGURATIONS]  # noqa: RUF012

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(HEIGHT, WIDTH, CHANNELS), encoding_format="png"),
            "label": tfds.features.ClassLabel(num_classes=max(COUNTS.values())),
            "mask": tfds.features.Image(shape=(HEIGHT, WIDTH, 1), encoding_format="png"),
        }
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), disable_shuffling=True
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[tuple[int, dict[str, Any]]]]:
        return {split: self._generate_examples(split) for split in CONFIGURATIONS[str(self.builder_config_name)]}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, image in enumerate(pixels(split)):
            mask = Image.fromarray(image[..., 0])
            yield index, {"image": Image.fromarray(image), "label": index, "mask": mask}


@pytest.fixture
def _as_if_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stock sets be prepared; the tiny one needs no TensorFlow."""
    monkeypatch.setattr(prepare_module, "_has_tensorflow", lambda: True)


@pytest.mark.usefixtures("_as_if_tensorflow")
def test_existing_splits_are_kept(tmp_path: Path) -> None:
    folder = prepare("tiny_pictures/three", None, tmp_path)
    assert folder == tmp_path / "tiny_pictures" / "three" / "1.0.0"
    dataset = load("tiny_pictures/three", tmp_path)
    for name, split in dataset.splits.items():
        np.testing.assert_array_equal(split.values, pixels(name))
        np.testing.assert_array_equal(split.labels, np.arange(COUNTS[name]))
    assert dataset.maximum == 255
    assert dataset.data_shape == (HEIGHT, WIDTH, CHANNELS)
    assert "tensorflow" not in sys.modules


@pytest.mark.usefixtures("_as_if_tensorflow")
def test_a_prepared_set_is_read_without_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tfds.disable_progress_bar()  # a stock set keeps it: it may take hours
    prepare("tiny_pictures/no_validation", None, tmp_path)
    capfd.readouterr()
    monkeypatch.setattr(prepare_module, "_has_tensorflow", lambda: False)
    dataset = load("tiny_pictures/no_validation", tmp_path)
    np.testing.assert_array_equal(dataset.train.values, pixels("train")[:27])
    np.testing.assert_array_equal(dataset.validation.values, pixels("train")[27:])
    np.testing.assert_array_equal(dataset.test.values, pixels("test"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_as_if_tensorflow")
@pytest.mark.parametrize(
    ("configuration", "sources"), [("no_test", ("train", "validation")), ("only_extra", ("extra",))]
)
def test_without_test_all_examples_are_split(configuration: str, sources: tuple[str, ...], tmp_path: Path) -> None:
    prepare(f"tiny_pictures/{configuration}", None, tmp_path)
    dataset = load(f"tiny_pictures/{configuration}", tmp_path)
    expected = np.concatenate([pixels(source) for source in sources])
    got = np.concatenate([split.values for split in dataset.splits.values()])
    assert len(got) == len(expected)
    assert {image.tobytes() for image in got} == {image.tobytes() for image in expected}
    tenth = round(len(expected) / 10)
    assert (len(dataset.validation), len(dataset.test)) == (tenth, tenth)


@pytest.mark.usefixtures("_as_if_tensorflow")
def test_another_file_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = prepare("tiny_pictures/three", None, tmp_path)
    info = folder / "dataset_info.json"
    info.write_text(info.read_text().replace("array_record", "tfrecord"))
    with user_error(str(folder), "array_record", "TensorFlow", "`data_dir`"):
        load("tiny_pictures/three", tmp_path)


def test_without_tensorflow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare_module, "_has_tensorflow", lambda: False)
    with user_error(
        'pip install "jaxvae[prepare]"',
        "jaxvae prepare kmnist --from FOLDER",
        "train-images-idx3-ubyte.gz from http://codh.rois.ac.jp",
        "sha256 51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
    ):
        load("kmnist", tmp_path / "data")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_as_if_tensorflow")
def test_a_builder_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("\n  get the files by hand\n  from the authors\n")

    monkeypatch.setattr(TinyPictures, "_split_generators", fail)
    with user_error("could not prepare 'tiny_pictures/three'", "get the files by hand", "catalog/tiny_pictures"):
        load("tiny_pictures/three", tmp_path / "data")
    assert not list(tmp_path.iterdir())


def numbered(count: int) -> Split:
    return Split(np.arange(count, dtype=np.float32)[:, None])


@pytest.mark.parametrize(("count", "held_out"), [(60_000, 10_000), (50_000, 10_000), (49_999, 5_000), (7, 1)])
def test_validation_is_the_end_of_train(count: int, held_out: int) -> None:
    train, validation, test = arrange({"train": numbered(count), "test": numbered(3)})
    assert train.values[:, 0].tolist() == list(range(count - held_out))
    assert validation.values[:, 0].tolist() == list(range(count - held_out, count))
    assert len(test) == 3
