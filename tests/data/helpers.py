"""Assertions that several files share."""

import contextlib
from collections.abc import Iterator

import pytest

from jaxvae.errors import UserError


@contextlib.contextmanager
def user_error(*words: str) -> Iterator[None]:
    """The block raises a `UserError` of one line that contains all `words`."""
    with pytest.raises(UserError) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, f"{word!r} is not in: {message}"
