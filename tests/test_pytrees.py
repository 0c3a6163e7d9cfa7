"""Descriptions as pytrees: numbers are leaves, structure is structure, and JAX may rebuild them around anything."""

import dataclasses
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae.checks import check_range
from tests.helpers import counting


@jv.dataclass
class Inner:
    """A nested description with a number and a structural field."""

    rate: float = 0.5
    steps: int = 3


@jv.dataclass
class Outer:
    """Fields of every kind."""

    weight: float = 1.0
    name: str = "plain"
    widths: tuple[int, ...] = (4, 2)
    inner: Inner = Inner()
    offset: float | None = None
    pair: tuple[float, float] = (1.0, 2.0)
    flag: bool = False
    way: Literal["there", "back"] = "there"
    end: Literal["open"] | None = "open"

    def __post_init__(self) -> None:
        check_range(self, at_least=0.0, weight=self.weight)


def apply(outer: Outer, x: jax.Array) -> jax.Array:
    """A function that reads numbers and structure, the nested ones too."""
    y = outer.weight * x + outer.inner.rate * outer.inner.steps + outer.pair[1]
    return y + len(outer.widths)


def test_numbers_are_leaves_and_the_rest_is_structure() -> None:
    assert jax.tree.leaves(Outer()) == [1.0, 0.5, 1.0, 2.0]
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(Outer())]
    assert paths == [".weight", ".inner.rate", ".pair[0]", ".pair[1]"]
    for other in (Outer(name="x"), Outer(widths=(4,)), Outer(inner=Inner(steps=4)), Outer(flag=True), Outer(offset=1)):
        assert jax.tree.structure(other) != jax.tree.structure(Outer())
    for same in (Outer(weight=3.0), Outer(inner=Inner(rate=9.0)), Outer(pair=(0.0, -1.0)), Outer()):
        assert jax.tree.structure(same) == jax.tree.structure(Outer())


NUMBERS = (2, np.int64(2), np.int32(2), np.float32(2), 2.0, jnp.float32(2), jnp.asarray(2), np.asarray(2.0))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_for_a_float_field_is_a_leaf(number: Any) -> None:
    """An integer would else be structure, and each one of a sweep another program."""
    weight = Outer(weight=number).weight
    assert isinstance(weight, float)
    assert jax.tree.structure(Outer(weight=number)) == jax.tree.structure(Outer())
    assert jax.tree.leaves(Outer(offset=number))[2] == 2.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weight": True}, "Outer.weight must be a number, got True"),
        ({"offset": False}, "Outer.offset must be a number, got False"),
        ({"flag": "no"}, "Outer.flag must be True or False, got 'no'"),
        ({"flag": 1}, "Outer.flag must be True or False, got 1"),
        ({"flag": None}, "Outer.flag must be True or False, got None"),
        ({"way": None}, "Outer.way must be one of there, back; got None"),
        ({"way": 2}, "Outer.way must be one of there, back; got 2"),
        ({"end": 0.5}, "Outer.end must be one of open, None; got 0.5"),
    ],
)
def test_a_value_of_another_kind_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(jv.UserError, match=words):
        Outer(**options)
    assert Outer(flag=np.bool_(True), way="back", end=None).end is None  # type: ignore[arg-type]


def test_a_list_becomes_a_tuple_and_a_bool_stays() -> None:
    outer = Outer(widths=[3, [1]], flag=True)  # type: ignore[arg-type]
    assert outer.widths == (3, (1,))
    assert outer.flag is True
    hash(jax.tree.structure(outer))


def test_another_number_does_not_retrace_and_another_structure_does() -> None:
    function, traces = counting(apply)
    for outer in (Outer(), Outer(weight=2.0), Outer(weight=7), Outer(inner=Inner(rate=0.1)), Outer()):
        expected = outer.weight * 2.0 + outer.inner.rate * 3 + 2.0 + 2
        np.testing.assert_allclose(function(outer, 2.0), expected, rtol=1e-6)
    assert len(traces) == 1
    function(Outer(widths=(4,)), 2.0)
    function(Outer(inner=Inner(steps=4)), 2.0)
    assert len(traces) == 3
    function(Outer(widths=[4]), 2.0)  # type: ignore[arg-type]
    assert len(traces) == 3


def test_an_architecture_rebuilt_does_not_retrace_and_another_does() -> None:
    def build(features: tuple[int, ...], scale: float) -> jv.VAE:
        network = jv.networks.MLP(features, activation="tanh")
        return jv.VAE((4, 3, 1), 2, encoder=network, likelihood=jv.likelihoods.Normal(scale=scale))

    function, traces = counting(lambda model: model.likelihood.scale * model.encoder.features[0])
    assert [float(function(build((6,), scale))) for scale in (0.5, 1, 2.0)] == [3.0, 6.0, 12.0]
    assert len(traces) == 1
    function(build((7,), 0.5))
    assert len(traces) == 2


def test_vmap_over_a_stack_is_a_loop() -> None:
    sweep = [Outer(weight=w, inner=Inner(rate=r)) for w, r in ((1, 0.1), (2, 0.2), (3, 0.3))]
    xs = jnp.arange(4.0)
    together = jax.vmap(jax.vmap(apply, (None, 0)), (0, None))(jv.stack(sweep), xs)
    assert together.shape == (3, 4)
    for outer, row in zip(sweep, together, strict=True):
        np.testing.assert_allclose(row, [apply(outer, x) for x in np.arange(4.0)], rtol=1e-6)


def test_stack_refuses_different_structures_and_nothing() -> None:
    with pytest.raises(ValueError, match=r"got 2 structures of 3 objects; group them") as error:
        jv.stack([Outer(), Outer(name="x"), Outer(weight=2.0)])
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="got 0 structures of 0 objects"):
        jv.stack([])


def test_a_number_of_any_type_is_the_same_program() -> None:
    function, traces = counting(apply)
    for number in NUMBERS:
        function(Outer(weight=number, inner=Inner(rate=number)), 2.0)
    assert len(traces) == 1
    with pytest.raises(jv.UserError, match=r"Outer.weight must be >= 0, got -1.0"):
        Outer(weight=jnp.float32(-1.0))  # type: ignore[arg-type]


def test_a_field_of_numbers_and_names_together_is_structure() -> None:
    mixed = Outer(pair=(1.0, "name"))  # type: ignore[arg-type]
    assert jax.tree.leaves(mixed) == [1.0, 0.5]
    assert jax.tree.structure(mixed) != jax.tree.structure(Outer(pair=(2.0, "name")))  # type: ignore[arg-type]


def test_gradients_are_descriptions() -> None:
    gradient = jax.grad(lambda outer: apply(outer, 5.0))(Outer())
    assert isinstance(gradient, Outer)
    assert (gradient.weight, gradient.inner.rate, gradient.pair) == (5.0, 3.0, (0.0, 1.0))
    assert gradient.name == "plain"


def test_flatten_and_map_round_trip() -> None:
    outer = Outer(weight=2.0, inner=Inner(rate=0.25, steps=9), name="x")
    assert jax.tree.map(lambda leaf: leaf, outer) == outer
    assert jax.tree.map(lambda leaf: 2 * leaf, outer) == Outer(4.0, "x", inner=Inner(0.5, 9), pair=(2.0, 4.0))
    assert dataclasses.replace(outer, weight=3) == Outer(3.0, "x", inner=Inner(0.25, 9))
    leaves, structure = jax.tree.flatten(outer)
    assert jax.tree.unflatten(structure, leaves) == outer


@pytest.mark.parametrize("leaf", [None, "text", object(), -1.0, jnp.ones(3)])
def test_jax_rebuilds_around_anything_without_the_checks(leaf: Any) -> None:
    """`__post_init__` belongs to the user's construction: −1 is out of range, and None has no leaves at all."""
    rebuilt = jax.tree.map(lambda _: leaf, Outer())
    assert rebuilt.weight is leaf
    assert rebuilt.inner.rate is leaf
    axes = jax.tree.map(lambda _: 0, Outer())
    assert jax.tree.structure(axes) == jax.tree.structure(Outer())


def test_checks_hold_python_numbers_and_pass_tracers() -> None:
    with pytest.raises(jv.UserError, match=r"^Outer.weight must be >= 0, got -1.0$"):
        Outer(weight=-1)
    with pytest.raises(jv.UserError, match="got nan"):
        Outer(weight=float("nan"))
    jax.jit(lambda weight: apply(Outer(weight=weight), 1.0))(-1.0)
    assert jax.vmap(lambda weight: Outer(weight=weight).weight)(jnp.ones(3)).shape == (3,)


def test_checks_of_a_parent_class_hold_in_its_child() -> None:
    @jv.dataclass
    class Child(Outer):
        extra: float = 1.0

    assert jax.tree.leaves(Child(extra=3)) == [1.0, 0.5, 1.0, 2.0, 3.0]
    with pytest.raises(jv.UserError, match=r"^Child.weight must be >= 0"):
        Child(weight=-1)


def test_a_number_inside_a_description_may_be_an_array() -> None:
    outer = Outer(weight=jnp.arange(3.0))  # type: ignore[arg-type]
    assert apply(outer, jnp.ones(3)).shape == (3,)
    assert jax.tree.structure(outer) == jax.tree.structure(Outer())


def test_fields_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Outer().weight = 2.0  # type: ignore[misc]


def test_what_takes_a_float_is_told_by_types_and_not_by_letters() -> None:
    """A name may hold the letters "float" and be none, and a type may be written as a string."""

    class FloatingPoint: ...

    @jv.dataclass
    class Known:
        precision: Literal["float32", "bfloat16"] = "float32"
        count: int | FloatingPoint = 2
        weight: "float | None" = 1
        pairs: "tuple[tuple[float, ...], ...]" = ((2, 3), (4,))

    assert sorted(jax.tree.leaves(Known())) == [1.0, 2.0, 3.0, 4.0]
    assert all(isinstance(leaf, float) for leaf in jax.tree.leaves(Known()))
    assert isinstance(Known().count, int)

    @jv.dataclass
    class OfLater:
        weight: "float | DefinedLater" = 3  # type: ignore[name-defined]  # noqa: F821

    assert jax.tree.leaves(OfLater()) == []
