"""Files of the user's own: what is read, and one line for everything that cannot be."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from jaxvae.data import Dataset, load
from jaxvae.data.arrays import Channels
from tests.data.helpers import user_error

RNG = np.random.default_rng(0)
SHAPE = (5, 3, 2)  # of one example; the counts below differ from all of these


def levels(count: int, *shape: int, largest: int = 255) -> np.ndarray:
    array = RNG.integers(0, largest + 1, (count, *(shape or SHAPE))).astype(np.uint8)
    array.flat[:2] = (0, largest)
    return array


def save(path: Path, **arrays: np.ndarray) -> str:
    np.savez(path, **arrays)
    return str(path)


def sizes(dataset: Dataset) -> dict[str, int]:
    return {name: len(split) for name, split in dataset.splits.items()}


def test_npz_of_three_splits_with_labels(tmp_path: Path) -> None:
    train, validation, test = levels(11), levels(7), levels(4)
    path = save(
        tmp_path / "a.npz",
        train=train, validation=validation, test=test, train_labels=np.arange(11, dtype=np.int32),
    )  # fmt: skip
    dataset = load(path)
    np.testing.assert_array_equal(dataset.train.values, train)
    np.testing.assert_array_equal(dataset.validation.values, validation)
    np.testing.assert_array_equal(dataset.test.values, test)
    assert dataset.train.labels is not None
    assert dataset.train.labels.dtype == np.int64
    assert dataset.train.labels.tolist() == list(range(11))
    assert dataset.test.labels is None
    assert dataset.maximum == 255
    assert dataset.name == path
    assert dataset.data_shape == SHAPE


def test_npz_without_validation_takes_about_a_tenth_of_train(tmp_path: Path) -> None:
    """Within 6 standard errors of a tenth."""
    train, test = levels(1001, 6), levels(4, 6)
    dataset = load(save(tmp_path / "a.npz", train=train, train_labels=np.arange(1001), test=test))
    held_out = len(dataset.validation)
    assert sizes(dataset) == {"train": 1001 - held_out, "validation": held_out, "test": 4}
    assert abs(held_out - 100.1) < 6 * np.sqrt(1001 * 0.1 * 0.9)
    np.testing.assert_array_equal(dataset.test.values, test)
    for split in (dataset.train, dataset.validation):
        np.testing.assert_array_equal(split.values, train[split.labels])
    assert dataset.data_shape == (6,)


@pytest.mark.parametrize("labels", ["labels", "pictures_labels"])
def test_npz_of_one_array_is_split(tmp_path: Path, labels: str) -> None:
    pictures = levels(40)
    dataset = load(save(tmp_path / "a.npz", **{"pictures": pictures, labels: np.arange(40)}))
    assert sum(sizes(dataset).values()) == 40
    for split in dataset.splits.values():
        np.testing.assert_array_equal(split.values, pictures[split.labels])


def test_npy_is_split_the_same_way_each_time(tmp_path: Path) -> None:
    pictures = levels(40)
    np.save(tmp_path / "a.npy", pictures)
    first, second = load(str(tmp_path / "a.npy")), load(str(tmp_path / "a.npy"))
    np.testing.assert_array_equal(first.validation.values, second.validation.values)
    rows = {image.tobytes() for split in first.splits.values() for image in split.values}
    assert rows == {image.tobytes() for image in pictures}


def test_relative_path_without_separator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "a.npy", levels(10))
    monkeypatch.chdir(tmp_path)
    assert load("a.npy").data_shape == SHAPE


@pytest.mark.parametrize(("shape", "expected"), [((6,), (6,)), ((4, 3), (4, 3, 1)), ((4, 3, 2), (4, 3, 2))])
def test_channel_axis(tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", levels(10, *shape))
    assert load(str(tmp_path / "a.npy")).data_shape == expected


@pytest.mark.parametrize(
    ("array", "dtype", "maximum"),
    [
        (levels(10), np.uint8, 255),
        (levels(10, largest=16), np.uint8, 16),
        (levels(10, largest=127), np.uint8, 127),
        (levels(10, largest=128), np.uint8, 255),
        (levels(10).astype(np.int16) - 3, np.float32, None),
        (levels(10).astype(np.uint32) + 2**20, np.float32, None),
        (levels(10, largest=1), np.uint8, 1),
        (levels(10, largest=1).astype(bool), np.uint8, 1),
        (levels(10).astype(np.int64), np.uint8, 255),
        (levels(10).astype(">u2"), np.uint8, 255),
        (RNG.normal(size=(10, 4)), np.float32, None),
        (RNG.normal(size=(10, 4)).astype(np.float16), np.float32, None),
        (RNG.normal(size=(10, 4)).astype(">f4"), np.float32, None),
    ],
)
def test_dtypes(tmp_path: Path, array: np.ndarray, dtype: type, maximum: int | None) -> None:
    np.savez(tmp_path / "a.npz", train=array, validation=array[:4], test=array[:5])
    dataset = load(str(tmp_path / "a.npz"))
    assert dataset.train.values.dtype == dtype
    assert dataset.maximum == maximum
    expected = array[..., None] if array.ndim == 3 else array
    np.testing.assert_allclose(dataset.train.values, expected.astype(np.float32), rtol=1e-7)


def test_maximum_is_of_all_splits(tmp_path: Path) -> None:
    zeros = levels(10, largest=1)
    assert load(save(tmp_path / "a.npz", train=zeros, validation=zeros[:4], test=levels(5, largest=2))).maximum == 2


def test_few_levels_are_said_and_can_be_overridden(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npz", train=levels(10, largest=16), test=levels(5, largest=9))
    dataset = load(path)
    assert dataset.maximum == 16
    assert dataset.notes == ("integers are taken for grey levels, and 16 for white; `maximum=255` if it is not",)
    assert (load(path, maximum=255).maximum, load(path, maximum=255).notes) == (255, ())
    for maximum in (15, 256):
        with user_error("`maximum` must be from the largest value of the data, 16, to 255", f"got {maximum}"):
            load(path, maximum=maximum)
    with user_error("`maximum`", "holds floats"):
        load(save(tmp_path / "b.npz", train=RNG.normal(size=(10, 4)), test=RNG.normal(size=(5, 4))), maximum=3)
    with user_error("`maximum` is for files of your own", "digits"):
        load("digits", maximum=16)


def test_integers_beyond_grey_levels_in_one_split_are_numbers_in_all(tmp_path: Path) -> None:
    counts = levels(10).astype(np.int64)
    dataset = load(save(tmp_path / "a.npz", train=counts + 300, test=counts))
    assert dataset.maximum is None
    np.testing.assert_array_equal(dataset.test.values, counts)
    with user_error("that float32 can tell apart", "got 0..16,777,217"):
        load(save(tmp_path / "b.npz", train=counts, test=np.array([[[0]], [[2**24 + 1]]])))


@pytest.mark.parametrize("channels", [None, "first"])
def test_channels_first_are_moved_to_the_end_and_said(tmp_path: Path, channels: Channels | None) -> None:
    images = levels(10, 3, 7, 6)
    np.save(tmp_path / "a.npy", images)
    dataset = load(str(tmp_path / "a.npy"), channels=channels)
    assert dataset.data_shape == (7, 6, 3)
    found = np.concatenate([split.values for split in dataset.splits.values()])
    expected = {image.tobytes() for image in np.ascontiguousarray(images.transpose(0, 2, 3, 1))}
    assert {np.ascontiguousarray(image).tobytes() for image in found} == expected
    assert len(dataset.notes) == (channels is None)
    assert all("channels first, (3, 7, 6)" in note and "`channels='last'`" in note for note in dataset.notes)
    assert load(str(tmp_path / "a.npy"), channels="last").data_shape == (3, 7, 6)


def test_channels_last_stay_and_arrays_without_channels_refuse_the_flag(tmp_path: Path) -> None:
    for name, shape in {"a": (4, 5, 3), "b": (3, 3, 3), "c": (6, 5, 9)}.items():
        np.save(tmp_path / f"{name}.npy", levels(10, *shape))
        dataset = load(str(tmp_path / f"{name}.npy"))
        assert (dataset.data_shape, dataset.notes) == (shape, ())
    np.save(tmp_path / "d.npy", levels(10, 5))
    with user_error("`channels` needs images with four axes", "(10, 5)"):
        load(str(tmp_path / "d.npy"), channels="first")
    with user_error("`channels` is for files of your own", "digits"):
        load("digits", channels="last")


@pytest.mark.parametrize(
    "keys",
    [
        ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"),
        ("X_train", "Y_train", "X_valid", "Y_valid", "X_test", "Y_test"),
        ("train_images", "train_labels", "validation_images", "validation_labels", "test_images", "test_labels"),
        ("train", "train_target", "dev", "dev_target", "test", "test_target"),
    ],
)
def test_keys_as_people_name_them(tmp_path: Path, keys: tuple[str, ...]) -> None:
    images, labels = [levels(count) for count in (10, 4, 5)], [np.arange(count) % 3 for count in (10, 4, 5)]
    arrays = [array for pair in zip(images, labels, strict=True) for array in pair]
    dataset = load(save(tmp_path / "a.npz", **dict(zip(keys, arrays, strict=True))))
    for split, image, label in zip(dataset.splits.values(), images, labels, strict=True):
        np.testing.assert_array_equal(split.values, image)
        np.testing.assert_array_equal(split.labels, label)


@pytest.mark.parametrize("keys", [("X", "y"), ("images", "labels"), ("data", "target"), ("pixels", "label")])
def test_one_array_and_its_labels_as_strings(tmp_path: Path, keys: tuple[str, str]) -> None:
    images, classes = levels(30), np.array(["cat", "ant", "bee"] * 10)[:, None]
    dataset = load(save(tmp_path / "a.npz", **dict(zip(keys, (images, classes), strict=True))))
    assert dataset.label_names == ("ant", "bee", "cat")
    of_image = {image.tobytes(): name for image, name in zip(images, classes[:, 0], strict=True)}
    for split in dataset.splits.values():
        assert split.labels is not None
        for image, label in zip(split.values, split.labels, strict=True):
            assert dataset.label_names[label] == of_image[np.ascontiguousarray(image).tobytes()]


def test_labels_of_two_kinds_are_refused(tmp_path: Path) -> None:
    arrays = {"train": levels(9), "train_labels": np.arange(9), "test": levels(5), "test_labels": np.array(["a"] * 5)}
    with user_error("labels of one kind"):
        load(save(tmp_path / "a.npz", **arrays))


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    save(tmp_path / "pictures.npz", a=levels(10))
    with user_error("no file picture.npz", "did you mean pictures.npz?"):
        load(str(tmp_path / "picture.npz"))
    with user_error("no file", "does not exist", "give the path"):
        load(str(tmp_path / "nowhere" / "a.npz"))


def test_unsupported_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2")
    (tmp_path / "a").write_text("1,2")
    with user_error(".npz", ".npy", "got .csv", "numpy.savez"):
        load(str(tmp_path / "a.csv"))
    with user_error("got no suffix"):
        load(str(tmp_path / "a"))


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty file"),
        (b"no array at all", "damaged"),
        (b"PK\x03\x04 cut off", "damaged"),
        (b"\x93NUMPY", "damaged"),
    ],
)
def test_damaged_file(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with user_error(name, words, "again with numpy.savez"):
        load(str(tmp_path / name))


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_file_cut_short(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (np.savez_compressed if name == "a.npz" else np.save)(path, levels(50))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with user_error(name, "damaged", "again with numpy.savez"):
        load(str(path))


def test_flipped_byte_in_npz(tmp_path: Path) -> None:
    path = Path(save(tmp_path / "a.npz", a=levels(50)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with user_error("damaged"):
        load(str(path))


def test_npz_with_a_file_that_is_no_array(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("notes.txt", "hello")
    with user_error("a.npz", "NumPy arrays only"):
        load(str(tmp_path / "a.npz"))


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_pickles_are_refused(tmp_path: Path, name: str) -> None:
    ragged = np.empty(4, object)
    (np.savez if name == "a.npz" else np.save)(tmp_path / name, ragged, allow_pickle=True)
    with user_error(name, "never unpickled", "one array of numbers"):
        load(str(tmp_path / name))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (levels(10)[..., None], ("[N, H, W, C]", "(10, 5, 3, 2, 1)", "reshape")),
        (np.arange(10), ("[N, D]", "(10,)", "reshape")),
        (np.zeros((0, 4)), ("at least one example", "(0, 4)")),
        (np.zeros((4, 0)), ("empty array", "(4, 0)")),
        (np.full((10, 3, 4), -(2**24) - 1), ("float32 can tell apart", "got -16,777,217..-16,777,217", "divide")),
        (np.full((10, 4), 1j), ("complex128", "astype")),
        (np.full((10, 4), "x"), ("<U1", "astype")),
        (np.zeros((10, 4), "datetime64[s]"), ("datetime64", "astype")),
        (np.full((10, 2, 2), 1e300), ("finite", "40 infinite values of 40")),
        (np.zeros((2, 4)), ("at least 3 examples", "got 2")),
    ],
)
def test_arrays_that_are_no_images(tmp_path: Path, array: np.ndarray, words: tuple[str, ...]) -> None:
    np.save(tmp_path / "a.npy", array)
    with user_error("a.npy", *words):
        load(str(tmp_path / "a.npy"))


def test_nan_names_the_split_and_counts(tmp_path: Path) -> None:
    good = RNG.normal(size=(10, 4))
    bad = good.copy()
    bad[2, 1], bad[3, 0], bad[7, 2] = np.nan, np.inf, -np.inf
    with user_error("'validation'", "3 NaN or infinite values of 40", "remove"):
        load(save(tmp_path / "a.npz", train=good, validation=bad, test=good))


def test_splits_that_differ(tmp_path: Path) -> None:
    with user_error("a.npz", "uint8 (5, 3, 2)", "uint8 (4, 3, 2)", "save"):
        load(save(tmp_path / "a.npz", train=levels(10), validation=levels(9, 4, 3, 2), test=levels(8)))
    with user_error("a.npz", "float32 (5, 3, 2)", "uint8 (5, 3, 2)"):
        load(save(tmp_path / "a.npz", train=levels(10), validation=levels(9), test=levels(8) / 255))


@pytest.mark.parametrize(
    "keys",
    [
        ("train", "valid", "val", "test"),
        ("x_train", "y_train"),
        ("train", "validation"),
        ("train", "test", "mean"),
        ("train", "test", "valid_labels"),
        ("labels",),
        (),
    ],
)
def test_keys_that_are_no_splits(tmp_path: Path, keys: tuple[str, ...]) -> None:
    with user_error("train, validation and test", ", ".join(sorted(keys)) or "no array", "numpy.savez(path, train="):
        load(save(tmp_path / "a.npz", **{key: levels(10) for key in keys}))


@pytest.mark.parametrize("labels", [np.arange(9), np.zeros(10), np.zeros((10, 2), int)])
def test_labels_that_do_not_fit(tmp_path: Path, labels: np.ndarray) -> None:
    with user_error("'test_labels'", "(10,)", str(labels.dtype), str(labels.shape)):
        load(save(tmp_path / "a.npz", train=levels(11), test=levels(10), test_labels=labels))
