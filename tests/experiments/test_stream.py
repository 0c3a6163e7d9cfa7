"""`train.py` on examples that stay on disk: the run of the same examples in memory, resumable within an epoch."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxvae.data import Records, load, write_records
from jaxvae.data.pictures import list_folder
from jaxvae.data.records import PictureFiles
from jaxvae.errors import UserError
from jaxvae.training import stream
from jaxvae.training.checkpoint import restore_parameters
from jaxvae.training.log import read_metrics
from tests.experiments.conftest import FAST, TRAIN, Script
from tests.experiments.test_devices import losses
from tests.helpers import assert_trees_close

NUM, HEIGHT, WIDTH = 130, 5, 4
NUM_TRAIN = 100  # of records, by the hashes of their places
JOB = [*FAST, "--batch_size", "18", "--binarize", "dynamic"]  # 6 steps, the last of 10


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    level = np.random.default_rng(0).random((NUM, 1, 1, 1))
    return (255 * np.clip(level + np.linspace(-0.5, 0.5, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH, 1), 0, 1)).astype("u1")


@pytest.fixture
def folder(tmp_path: Path, images: np.ndarray) -> Path:
    """The same images as records and as files."""
    assert write_records(tmp_path / "x.array_record", images) == NUM
    (tmp_path / "files").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / "files" / f"{number:04}.png")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "hide", "at_once"),
    [
        (["--data", "x.array_record"], [], 4),
        (["--data", "x.array_record"], ["--hide", "0.4"], 4),
        (["--data", "files", "--stream", "true"], [], 10),
    ],
)
def test_the_losses_are_those_of_the_same_examples_in_memory(
    script: Script, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], hide: list[str], at_once: int
) -> None:
    monkeypatch.setattr(stream, "STEPS_AT_ONCE", at_once)  # the 6 steps as 4 and 2, and as 6
    dataset = load(arguments[1], stream=True)
    parts = {name: part.values[:] for name, part in dataset.splits.items()}
    np.savez("x.npz", **parts)  # type: ignore[arg-type]
    job = [*JOB, *hide, "--epochs", "3"]
    assert script(TRAIN, *job, "--data", "x.npz", "--run_dir", "memory").code == 0
    assert script(TRAIN, *job, *arguments, "--run_dir", "disk").code == 0
    assert len(losses(folder / "disk")) == 6
    np.testing.assert_allclose(losses(folder / "disk"), losses(folder / "memory"), rtol=1e-5)
    figures = [json.loads((folder / run / "evaluation.json").read_text()) for run in ("disk", "memory")]
    assert figures[0]["test_set_sha256"] == figures[1]["test_set_sha256"]
    assert len(figures[0]["train_set_sha256"]) == 64


@pytest.mark.slow
def test_a_run_that_is_interrupted_within_an_epoch_goes_on_at_that_step(
    script: Script, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STEPS_BETWEEN_CALLS", 2)
    job, epochs, read_ahead = [*JOB, "--data", "x.array_record", "--epochs", "2"], [], Records.read_ahead

    def until_step_eleven(self: Records, parts: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        epochs.append(len(parts))
        for number, part in enumerate(read_ahead(self, parts)):
            if epochs == [3, 3] and number == 2:
                raise KeyboardInterrupt
            yield part

    assert script(TRAIN, *job, "--run_dir", "whole").code == 0
    monkeypatch.setattr(Records, "read_ahead", until_step_eleven)
    assert script(TRAIN, *job, "--run_dir", "cut").code == 130
    assert script(TRAIN, "--run_dir", "cut", "--resume").code == 0
    assert epochs == [3, 3, 1]  # of 3 times 2 steps the first 2 times stand in the checkpoint
    assert {read_metrics(folder / run)[-1]["step"] for run in ("whole", "cut")} == {12}
    whole, cut = (restore_parameters(folder / run, "last") for run in ("whole", "cut"))
    assert_trees_close(whole, cut, rtol=0, atol=0)
    assert losses(folder / "whole")[-1] == losses(folder / "cut")[-1]


def test_reading_does_not_depend_on_the_order(folder: Path, images: np.ndarray) -> None:
    for data in ("x.array_record", "files"):
        dataset = load(str(folder / data), stream=True)
        assert isinstance(dataset.train.values, Records)
        size = len(dataset.train)
        assert dataset.train.values.shape == (size, HEIGHT, WIDTH, 1)
        assert size == NUM_TRAIN or data == "files"
        assert size + len(dataset.validation) + len(dataset.test) == NUM
        rows = np.array([[7, size - 4, 7], [0, size - 1, 50]])
        everything = dataset.train.values[:]
        assert {image.tobytes() for image in everything} <= {image.tobytes() for image in images}
        expected = everything[rows]
        whole, single = dataset.train.values.read_ahead([rows, rows[1]])
        np.testing.assert_array_equal(whole, expected)
        np.testing.assert_array_equal(single, expected[1])


def test_what_is_not_an_example(script: Script, folder: Path, images: np.ndarray) -> None:
    (folder / "text.array_record").write_text("no records")
    np.save(folder / "other.npy", images)
    with pytest.raises(UserError, match=r"of one shape, \(5, 4, 1\) as the first, got \(4, 4, 1\) as number 1"):
        write_records(folder / "two.array_record", iter([images[0], images[1, :4]]))
    for example, found in ((np.zeros(3), r"float64 of shape \(3,\)"), (np.uint8(1), r"uint8 of shape \(\)")):
        with pytest.raises(UserError, match=rf"one axis or more, not empty, got {found} as number 0"):
            write_records(folder / "float.array_record", iter([example]))
    assert not [path.name for path in folder.iterdir() if path.name.startswith(("two", "float"))]
    Image.new("L", (9, 9)).save(folder / "files" / "zz.png")
    with pytest.raises(UserError, match=r"must have one size, got .* of 4x5 and zz.png of 9x9 pixels"):
        PictureFiles(list_folder(folder / "files").all, folder / "files")
    refused = {
        ("--data", "text.array_record"): "must be an array_record file of NumPy arrays",
        ("--data", "none.array_record"): "none.array_record must be an array_record file, got none",
        ("--data", "digits", "--stream", "true"): "--stream keeps a folder of images or an .array_record file on disk",
        ("--data", "x.array_record", "--validation_fraction", "0.5"): "needs training examples in memory",
    }
    for arguments, message in refused.items():
        outcome = script(TRAIN, *JOB, *arguments)
        assert outcome.code == 2
        assert message in outcome.err
    outcome = script("experiments/sweep.py", *FAST, "--seeds", "2", "--data", "x.array_record")
    assert outcome.code == 2
    assert (
        "a sweep trains many models on the same examples at once and needs training examples in memory" in outcome.err
    )
