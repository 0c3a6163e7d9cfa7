"""Inception-v3 from a generated file of the published layout, against PyTorch."""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import jaxvae as jv
from jaxvae.evaluation.sample_quality import Inception, load_inception
from jaxvae.evaluation.sample_quality.inception import layout, resize
from tests.evaluation.sample_quality.inception_in_torch import Oracle, State, generated_state, resized


@pytest.fixture(scope="module")
def state() -> State:
    return generated_state(layout())


@pytest.fixture(scope="module")
def loaded(state: State, tmp_path_factory: pytest.TempPathFactory) -> Inception:
    path = tmp_path_factory.mktemp("weights") / "generated.pth"
    torch.save(state, path)
    return load_inception(path)


def test_the_layout_is_that_of_the_published_file() -> None:
    """94 convolutions with 5 arrays each and the last layer; kernels of every kind of block; 23.9 million weights."""
    shapes = layout()
    assert len(shapes) == 94 * 5 + 2
    assert shapes["Conv2d_1a_3x3.conv.weight"] == (32, 3, 3, 3)
    assert shapes["Mixed_5b.branch_pool.conv.weight"] == (32, 192, 1, 1)
    assert shapes["Mixed_6a.branch3x3.conv.weight"] == (384, 288, 3, 3)
    assert shapes["Mixed_6c.branch7x7dbl_3.conv.weight"] == (160, 160, 1, 7)
    assert shapes["Mixed_7a.branch7x7x3_4.bn.running_var"] == (192,)
    assert shapes["Mixed_7c.branch3x3dbl_3b.conv.weight"] == (384, 384, 3, 1)
    assert shapes["fc.weight"] == (1008, 2048)
    # torchvision's Inception v3 counts 23,834,568 with 1,000 classes, without the auxiliary head or running moments
    learned = sum(int(np.prod(shape)) for name, shape in shapes.items() if "running" not in name)
    assert learned == 23_834_568 + 8 * 2049


@pytest.mark.slow
def test_the_whole_network_against_pytorch(state: State, loaded: Inception) -> None:
    """Grey levels between those of 8 bits are rounded, as the published network sees integers."""
    images = np.random.default_rng(0).uniform(size=(2, 9, 13, 3)).astype(np.float32)
    inputs = torch.tensor((resized(np.round(images * 255.0)) - 128) / 128, dtype=torch.float32).permute(0, 3, 1, 2)
    with torch.no_grad():
        features = Oracle(state).features(inputs)
        probabilities = torch.softmax(features @ state["fc.weight"].T, 1)
    assert features.std() > 0.05
    assert features.shape == (2, 2048)
    np.testing.assert_allclose(loaded.features(images), features, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(loaded.probabilities(images), probabilities, rtol=1e-2, atol=1e-6)
    assert loaded.about == "Inception-v3, layer 2048, weights from generated.pth"


@pytest.mark.parametrize("shape", [(2, 8, 9, 1), (1, 300, 40, 2)])
def test_the_interpolation_against_loops(shape: tuple[int, ...]) -> None:
    levels = np.random.default_rng(1).integers(0, 256, shape)
    np.testing.assert_allclose(resize(jnp.asarray(levels, jnp.float32)), resized(levels), atol=0.02)


def test_a_grey_image_is_one_of_equal_channels(loaded: Inception) -> None:
    seen = []
    copy = Inception(loaded.convolutions, loaded.classes, loaded.file)
    copy.__dict__["_compiled"] = {"features": lambda params, classes, x: seen.append(x) or x[:, 0, 0]}
    image = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 4, 3, 1)
    copy.features(image)
    np.testing.assert_array_equal(seen[0], np.repeat(image, 3, axis=-1))
    with pytest.raises(jv.UserError, match=r"Inception takes images of 1 or 3 channels, got shape \(1, 4, 3, 2\)"):
        copy.features(np.zeros((1, 4, 3, 2)))
    with pytest.raises(jv.UserError, match=r"must lie in \[0, 1\], got numbers from 0 to 2"):
        copy.features(2 * image)


def refused(content: object, tmp_path: Path) -> str:
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(jv.UserError) as caught:
        load_inception(tmp_path / "other.pth")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_wrong_layout_is_one_line(state: State, tmp_path: Path) -> None:
    changed = {**state, "fc.weight": torch.zeros(1000, 2048), "AuxLogits.fc.bias": torch.zeros(5)}
    del changed["Mixed_6a.branch3x3.bn.bias"]
    assert refused(changed, tmp_path) == (
        "other.pth must hold the 472 weights of weights-inception-2015-12-05-6726825d.pth: Mixed_6a.branch3x3.bn.bias "
        "is missing; fc.weight is (1000, 2048) where (1008, 2048) belongs; AuxLogits.fc.bias is unknown: "
        "name a copy of it"
    )
    message = refused({"epoch": 3, "state_dict": dict(state)}, tmp_path)
    assert message.count("is missing") == 3
    assert "and 471 more" in message
    assert "Conv2d_1a_3x3.conv.weight is missing" in refused([1, 2], tmp_path)


def test_files_that_are_none_and_a_missing_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(jv.UserError, match=r"no file '.*nothing.pth': name where weights-inception-2015-12-05"):
        load_inception(tmp_path / "nothing.pth")
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"not a file of PyTorch")
    with pytest.raises(jv.UserError, match=r"broken.pth is not a state dict by torch.save \(\w+\): name a copy"):
        load_inception(broken)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(jv.UserError, match=r"takes PyTorch: pip install 'jaxvae\[inception\]'"):
        load_inception(broken)


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    """An object with code of its own is refused by the reader."""
    assert "not a state dict" in refused({"fc.bias": Path("x")}, tmp_path)


def test_features_do_not_depend_on_the_chunk() -> None:
    from jaxvae.evaluation.sample_quality.extractor import in_chunks

    images = np.random.default_rng(3).uniform(size=(7, 4, 5, 1)).astype(np.float32)
    total = jax.jit(lambda x: x.sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(in_chunks(total, images, 3), images.sum((1, 2, 3)), rtol=1e-6)
