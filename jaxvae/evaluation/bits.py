"""Bits per dimension."""

import math

from jaxvae.typing import Array


def bits_per_dimension(log_prob: Array | float, num_dimensions: float, bin_width: float = 1.0) -> Array | float:
    """The bits that a model needs for one dimension of one example.

    bits = −(log p(x) + D log bin_width) / (D log 2)

    For a probability mass the bin width is 1. For the density of dequantised data it is the width of one grey level in
    units of x: 1/256 for 8-bit data in [0, 1). The result then bounds the bits from above (Theis, van den Oord and
    Bethge 2016, section 3.1).

    Args:
        log_prob: log p(x) of an example, nats, summed over its dimensions.
        num_dimensions: D.
        bin_width: see above [data units].

    Example:
        >>> bits_per_dimension(0.0, num_dimensions=784, bin_width=1 / 256)  # a uniform model of 8-bit data
        8.0
    """
    return -(log_prob / num_dimensions + math.log(bin_width)) / math.log(2.0)
