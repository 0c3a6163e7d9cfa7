"""The shapes: every combination once, all pictures different, and each factor moves what its name says."""

import functools
import hashlib

import numpy as np
import pytest

from jaxvae.data import Dataset, load
from jaxvae.data.shapes import FACTORS

SIZES = (3, 4, 8, 16, 16)


@functools.cache
def shapes() -> Dataset:
    return load("shapes")


@functools.cache
def all_images() -> np.ndarray:
    """Of all splits, float64 shares of a pixel by their factors, [3, 4, 8, 16, 16, 32, 32]."""
    images = np.full((*SIZES, 32, 32), np.nan)
    for split in shapes().splits.values():
        assert split.factors is not None
        images[tuple(split.factors.T)] = split.values[..., 0] / 255
    return images


def test_sizes_levels_and_names() -> None:
    assert [split.values.shape for split in shapes().splits.values()] == [
        (19660, 32, 32, 1),
        (2458, 32, 32, 1),
        (2458, 32, 32, 1),
    ]
    assert shapes().train.values.dtype == np.uint8
    assert shapes().maximum == shapes().train.values.max() == 255
    assert shapes().factor_names == ("shape", "scale", "angle", "position_x", "position_y")
    assert tuple(len(values) for values in FACTORS.values()) == SIZES
    for split in shapes().splits.values():
        assert split.factors is not None
        assert split.factors.dtype == np.int64
        np.testing.assert_array_equal(split.labels, split.factors[:, 0])


def test_every_combination_is_there_once_and_all_pictures_differ() -> None:
    images = all_images()
    assert not np.isnan(images).any()
    assert sum(map(len, shapes().splits.values())) == np.prod(SIZES)
    assert len({image.tobytes() for image in images.reshape(-1, 32 * 32)}) == np.prod(SIZES)


def test_positions_are_the_centres() -> None:
    """The centre of mass of squares and ellipses is the position; a heart's moves with it."""
    images = all_images()
    pixels = np.arange(32) + 0.5
    mass = images.sum((-1, -2))
    centre_x, centre_y = (images.sum(-2) @ pixels) / mass, (images.sum(-1) @ pixels) / mass
    x, y = np.asarray(FACTORS["position_x"])[:, None], np.asarray(FACTORS["position_y"])
    np.testing.assert_allclose(centre_x[:2], np.broadcast_to(x, centre_x[:2].shape), atol=1e-2)
    np.testing.assert_allclose(centre_y[:2], np.broadcast_to(y, centre_y[:2].shape), atol=1e-2)
    np.testing.assert_allclose(np.diff(centre_x[2], axis=-2), 1.0, atol=1e-6)
    np.testing.assert_allclose(np.diff(centre_y[2], axis=-1), 1.0, atol=1e-6)


def test_areas_are_those_of_the_shapes() -> None:
    """Nothing is cut off, and scales are radii: 2 r² of a square, π r² / 2 of an ellipse, to a subpixel an edge."""
    areas = all_images().sum((-1, -2)).transpose(1, 0, 2, 3, 4).reshape(4, 3, -1)  # [scale, shape, rest]
    squared = np.asarray(FACTORS["scale"], float)[:, None] ** 2
    np.testing.assert_allclose(areas[:, 0] / squared, 2.0, rtol=0.02)
    np.testing.assert_allclose(areas[:, 1] / squared, np.pi / 2, rtol=0.02)
    np.testing.assert_allclose(areas[:, 2] / squared, np.mean(areas[:, 2] / squared), rtol=0.02)


def test_angle_is_that_of_the_long_axis() -> None:
    """Of an ellipse, by its second moments, clockwise on the screen (rows count down)."""
    pixels = np.arange(32) + 0.5
    for index, angle in enumerate(FACTORS["angle"]):
        image = all_images()[1, 3, index, 4, 9]
        x, y = pixels[None] - FACTORS["position_x"][4], pixels[:, None] - FACTORS["position_y"][9]  # type: ignore
        found = np.rad2deg(0.5 * np.arctan2(2 * np.sum(image * x * y), np.sum(image * (x**2 - y**2))))
        np.testing.assert_allclose(found, angle, atol=0.3)


@pytest.mark.parametrize("scale", range(4))
def test_no_two_angles_of_a_square_are_nearer_than_neighbours(scale: int) -> None:
    """Its last angle lies further from the first than any two neighbours do, although a square is as before at 90°."""
    squares = all_images()[0, scale, :, 7, 7]
    neighbours = np.abs(np.diff(squares, axis=0)).sum((-1, -2))
    assert np.abs(squares[-1] - squares[0]).sum() > 1.2 * neighbours.max()


def test_split_is_fixed() -> None:
    digest = hashlib.sha256(np.ascontiguousarray(shapes().test.factors)).hexdigest()
    assert digest == "52fe2a2ef152c831da0a294c41415dec990acb6b73b8319159d358419688d610", (
        "published results on shapes are of this split"
    )
