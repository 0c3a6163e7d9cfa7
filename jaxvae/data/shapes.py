"""Pictures of one shape with five exactly known factors, to score disentanglement."""

import numpy as np

from jaxvae.data.dataset import Dataset, Split, split_off

SHAPES_MAXIMUM = 255
_SIDE = 32  # pixels
_PLACES = 16  # a shape of the largest radius touches the border at the first and the last
_SUBPIXELS = 16  # samples a side of a pixel: 256 of them make as many grey levels

FACTORS: dict[str, tuple[str, ...] | tuple[float, ...]] = {
    "shape": ("square", "ellipse", "heart"),
    "scale": (5.0, 6.0, 7.0, 8.0),
    # a square repeats after 90°: 80° and 0° would be as near as neighbours, 70° and 0° are not
    "angle": (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0),
    "position_x": tuple(float(place) for place in np.arange(_PLACES) + _SIDE / 2 - _PLACES / 2 + 0.5),
    "position_y": tuple(float(place) for place in np.arange(_PLACES) + _SIDE / 2 - _PLACES / 2 + 0.5),
}
"""The values of each factor: name, radius of the circle around the shape [pixels], angle [degrees, clockwise], centre
[pixels from the left, from the top]."""


def load_shapes() -> Dataset:
    """24,576 grey pictures of shape (32, 32, 1), levels 0..255, split 19,660/2,458/2,458 by one fixed permutation.

    3 shapes x 4 scales x 8 angles x 16 x 16 places, each combination once, after dSprites (Matthey et al. 2017). There
    squares and ellipses show one picture for several angles; here all grey pictures differ (thresholded at half, some
    are equal). A grey level is the share of a pixel that the shape covers. `factors` [N, 5] are indices into the values
    of `FACTORS`, and `labels` the shapes.
    """
    images, factors = _every_combination()
    train, validation, test = split_off(Split(images, factors[:, 0], factors), 0.1, 0.1)
    return Dataset("shapes", train, validation, test, maximum=SHAPES_MAXIMUM, factor_names=tuple(FACTORS))


def _every_combination() -> tuple[np.ndarray, np.ndarray]:
    """Images [N, 32, 32, 1] and factors [N, 5] in the order of `np.ndindex`."""
    sizes = tuple(len(values) for values in FACTORS.values())
    shapes = [
        _render(str(FACTORS["shape"][shape]), float(FACTORS["scale"][scale]), float(FACTORS["angle"][angle]))
        for shape, scale, angle in np.ndindex(*sizes[:3])
    ]
    margin = _PLACES - 1
    canvases = np.pad(np.stack(shapes), ((0, 0), (margin, margin), (margin, margin)))  # each picture is a window of one
    windows = np.lib.stride_tricks.sliding_window_view(canvases, (_SIDE, _SIDE), axis=(1, 2))  # [P, y, x, side, side]
    images = windows[:, ::-1, ::-1].swapaxes(1, 2).reshape(-1, _SIDE, _SIDE, 1)  # a window further left: a shape right
    return images, np.indices(sizes).reshape(len(sizes), -1).T.astype(np.int64)


def _render(shape: str, radius: float, angle: float) -> np.ndarray:
    """The grey levels of one shape in the middle of a square of [side − places + 1] pixels."""
    size = _SIDE - _PLACES + 1
    ticks = (np.arange(size * _SUBPIXELS) + 0.5) / _SUBPIXELS - size / 2
    down, right = np.meshgrid(ticks, ticks, indexing="ij")
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    covered = _inside(shape, (cosine * right + sine * down) / radius, (cosine * down - sine * right) / radius)
    share = covered.reshape(size, _SUBPIXELS, size, _SUBPIXELS).mean(axis=(1, 3))
    return np.rint(SHAPES_MAXIMUM * share).astype(np.uint8)


def _inside(shape: str, right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Whether points lie in the shape, which lies in the unit circle."""
    if shape == "square":
        return np.maximum(np.abs(right), np.abs(down)) <= np.sqrt(0.5)
    if shape == "ellipse":
        return right**2 + (2 * down) ** 2 <= 1
    right, up = 1.25 * right, 0.25 - 1.25 * down  # in units of the curve, which a circle of 1.25 around (0, 0.25) holds
    return (right**2 + up**2 - 1) ** 3 <= right**2 * up**3
