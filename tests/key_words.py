"""A record of what every random key of a computation is used for, by its words."""

import contextlib
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from jaxvae import keys

_SAMPLERS = (
    "bernoulli", "beta", "binomial", "bits", "categorical", "choice", "exponential", "gamma", "gumbel", "laplace",
    "loggamma", "logistic", "normal", "permutation", "poisson", "randint", "uniform",
)  # fmt: skip
_FAR = 2**31  # numbers from here on are of purposes, which no split reaches


class Use(NamedTuple):
    """One use of one key."""

    words: tuple[int, ...]
    what: str
    """A sampler, `split`, `fold` or `far`: a fold of a number that no split reaches."""
    number: int
    """What was folded in, or into how many keys it was split."""
    place: int
    """Which call in the program; calls are counted as they are traced."""


class Uses:
    """All uses of keys."""

    def __init__(self) -> None:
        self.all: list[Use] = []

    def collisions(self, *, loops: bool = False) -> list[str]:
        """What breaks the rule: a key is for one draw, for one split, or for folds that no split of it reaches.

        A fold that is made twice gives one key, whose own uses tell whether that is a mistake. With `loops` the same
        use at the same place counts once: under `vmap` a loop goes on for members that are done, and throws away what
        they get.
        """
        jax.effects_barrier()
        by_words: dict[tuple[int, ...], list[Use]] = defaultdict(list)
        for use in dict.fromkeys(self.all) if loops else self.all:
            by_words[use.words].append(use)
        found = []
        for words, uses in by_words.items():
            drawn = [use for use in uses if use.what not in ("fold", "far")]
            reach = max((use.number if use.what == "split" else _FAR for use in drawn), default=0)
            if len(drawn) > 1 or any(use.what == "fold" and use.number < reach for use in uses):
                found.append(f"{words}: {sorted((use.what, use.number, use.place) for use in uses)}")
        return found


@contextlib.contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Uses]:
    """Record the uses of keys by what is traced within; noise that is shared on purpose is made distinct."""
    uses, places, again = Uses(), itertools.count(), itertools.count(10_000)
    is_nested = False

    def note(what: str, key: Any, number: Any = 0) -> None:
        place = next(places)

        def add(words: np.ndarray, numbers: np.ndarray) -> None:
            rows = np.asarray(words).reshape(-1, words.shape[-1])
            for row, one in zip(rows, np.broadcast_to(numbers, rows.shape[:1]).tolist(), strict=True):
                kind = "far" if what == "fold" and one >= _FAR else what
                uses.all.append(Use(tuple(row.tolist()), kind, one, place))

        jax.debug.callback(add, jax.random.key_data(key), np.uint32(number) if isinstance(number, int) else number)

    def watched(what: str, function: Any) -> Any:
        def call(key: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal is_nested
            if is_nested:
                return function(key, *args, **kwargs)
            number = {"fold": args[:1], "split": args[:1] or (kwargs.get("num", 2),)}.get(what) or (0,)
            note(what, key, math.prod(number[0]) if isinstance(number[0], tuple) else number[0])
            is_nested = True
            try:
                return function(key, *args, **kwargs)
            finally:
                is_nested = False

        return call

    with monkeypatch.context() as patch:
        for name in _SAMPLERS:
            patch.setattr(jax.random, name, watched(name, getattr(jax.random, name)))
        patch.setattr(jax.random, "split", watched("split", jax.random.split))
        patch.setattr(jax.random, "fold_in", watched("fold", jax.random.fold_in))
        fold_in = jax.random.fold_in
        for module in _users(keys.same_draws):
            patch.setattr(module, "same_draws", lambda key: _each(fold_in, key, _FAR + next(again)))
        jax.clear_caches()
        yield uses
        jax.clear_caches()


def _each(fold_in: Any, key: Any, number: int) -> Any:
    number = np.uint32(number)
    return fold_in(key, number) if key.ndim == 0 else jax.vmap(lambda one: fold_in(one, number))(key)


def _users(function: Any) -> list[Any]:
    """The modules that have imported the function."""
    import sys

    modules = [module for name, module in list(sys.modules.items()) if name.startswith("jaxvae") and module]
    return [module for module in modules if getattr(module, function.__name__, None) is function]
