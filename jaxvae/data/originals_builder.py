"""A tensorflow-datasets builder that prepares the papers' own sets without TensorFlow, in their original order.

Import this module inside functions: tensorflow-datasets takes half a second, and most runs read a cache instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jaxvae.data.originals import IMAGE_SHAPE, ORIGINALS, read_original

NUM_CLASSES = 10


class Originals(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """One configuration a set of `ORIGINALS`; the stock builders shuffle, and write images with TensorFlow."""

    name = "originals"  # not "mnist": a stock set of that name in the same folder must stay separate
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [  # noqa: RUF012 - the builder's interface
        tfds.core.BuilderConfig(name=name, description=f"{name} in its original order") for name in ORIGINALS
    ]

    @property
    def url_infos(self) -> Mapping[str, Any]:  # type: ignore[override]
        """Name, size and sha256 by URL, as tensorflow-datasets records them for its own builder of the set."""
        return tfds.builder_cls(self._set_name).url_infos or {}

    @property
    def _set_name(self) -> str:
        return str(self.builder_config_name)

    def _info(self) -> tfds.core.DatasetInfo:
        # bytes: three times as fast as the default, which widens every pixel to 64 bits
        pixels = tfds.features.Tensor(shape=IMAGE_SHAPE, dtype=np.uint8, encoding=tfds.features.Encoding.BYTES)
        features: dict[str, Any] = {"image": pixels}
        if len(ORIGINALS[self._set_name].files["train"]) == 2:
            features["label"] = tfds.features.ClassLabel(num_classes=NUM_CLASSES)
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"{self._set_name} in its original order",
            features=tfds.features.FeaturesDict(features),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[tuple[int, dict[str, Any]]]]:
        # `download`, not `download_and_extract`: unpacked files have the same names in mnist and fashion_mnist
        paths = dl_manager.download({info.filename: url for url, info in self.url_infos.items()})
        splits = ORIGINALS[self._set_name].files
        return {split: self._generate_examples([paths[file] for file in files]) for split, files in splits.items()}

    def _generate_examples(self, paths: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
        images, labels = read_original([Path(path) for path in paths])
        for index, image in enumerate(images):
            yield index, {"image": image} if labels is None else {"image": image, "label": labels[index]}
