"""The tensorflow-datasets builder behind each name.

Import this module inside functions: tensorflow-datasets takes half a second, and most runs read a cache instead.
"""

import contextlib
import difflib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from absl import logging as absl_logging

from jaxvae.data.names import unknown_name
from jaxvae.data.originals import ORIGINALS
from jaxvae.data.originals_builder import Originals
from jaxvae.errors import UserError

MAX_CONFIGURATIONS = 8  # that one error message lists: some sets have hundreds


def named_builder(name: str, root: Path) -> Any:
    """The builder of an image set whose data are, or will be, in the folder `root`.

    Raises:
        UserError: if there is no such set or configuration, it has no images, or a package that it imports is missing.
    """
    if name in ORIGINALS:
        return Originals(config=name, data_dir=root)
    set_name = re.split(r"[/:]", name)[0]
    known = tfds.list_builders(with_community_datasets=False)  # a list of the others needs the network
    if set_name not in known:
        raise unknown_name(name, known)
    try:
        with quiet():
            builder = tfds.builder(name, data_dir=root)
    except ImportError as error:
        missing = str(error).split("'")[-2] if "'" in str(error) else first_line(error)
        fix = 'pip install "jaxvae[prepare]"' if missing == "tensorflow" else f"pip install {missing}"
        raise UserError(f"data set {name!r} needs the package {missing}, which is not installed: {fix}") from error
    except Exception as error:  # a builder can run any code
        if isinstance(error, (AssertionError, ValueError)) and name != set_name:
            raise _unknown_configuration(set_name, name.removeprefix(set_name)[1:]) from error
        raise UserError(
            f"tensorflow-datasets cannot build {name!r}, choose another set: {first_line(error)}"
        ) from error
    image_key(builder)
    return builder


def _unknown_configuration(set_name: str, asked: str) -> UserError:
    configurations = list(tfds.builder_cls(set_name).builder_configs)
    nearest = difflib.get_close_matches(asked, configurations, n=MAX_CONFIGURATIONS, cutoff=0.0)
    more = len(configurations) - len(nearest)
    hint = f"the nearest are {', '.join(nearest)}{f' ({more} more)' if more else ''}" if nearest else f"give {set_name}"
    return UserError(f"data set {set_name!r} has no configuration or version {asked!r}; {hint}")


def features_of(builder: Any) -> dict[str, Any]:
    """The features of one example by name; none if an example is not a dict."""
    features = builder.info.features
    return dict(features.items()) if isinstance(features, tfds.features.FeaturesDict) else {}


def image_key(builder: Any) -> str:
    """The name of the feature that holds the images.

    Raises:
        UserError: if there is none, there are several, or their size differs from one to the next.
    """
    features = features_of(builder)
    kind = tfds.features.Tensor if isinstance(builder, Originals) else tfds.features.Image
    keys = [key for key, feature in features.items() if isinstance(feature, kind) and feature.shape]
    if "image" in keys:
        keys = ["image"]
    if len(keys) != 1:
        raise UserError(
            f"data set {builder.name!r} must have one image an example, got {', '.join(keys) or 'none'} among its "
            f"features ({', '.join(features)}); choose another set or give an .npz file of your own"
        )
    shape = features[keys[0]].shape
    if None in shape:
        raise UserError(
            f"data set {builder.name!r} must have images of one size, got shape {shape}; resize them into a folder of "
            "images and give its path"
        )
    return keys[0]


def is_prepared(builder: Any) -> bool:
    """Whether the set has been written in full, in any file format."""
    return (Path(builder.data_dir) / "dataset_info.json").exists()  # written last, before the folder gets its name


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, or its kind if the message is empty.

    >>> first_line(ValueError("no such file" + chr(10) + "see the manual"))
    'no such file'
    """
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress the output of tensorflow-datasets: progress bars, and advice to install TensorFlow or OpenCV."""
    before = absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        absl_logging.set_verbosity(before)
