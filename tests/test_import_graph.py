"""The rooms of the library have floors: who imports whom has no circle, and nobody imports upwards."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FLOORS = ("runs", "cli", "commands")  # from below; all else is the library, and lies below them
ROOMS = ("bijectors", "data", "distributions", "evaluation", "likelihoods", "networks", "objectives", "posteriors")
ROOMS += ("priors", "report", "training", *FLOORS)

Graph = dict[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """Every module of the package `jaxvae` in a folder, by its name."""
    named = {path: list(path.relative_to(root).with_suffix("").parts) for path in (root / "jaxvae").rglob("*.py")}
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts): path for path, parts in sorted(named.items())}


def imported(name: str, path: Path) -> Iterator[tuple[str, str]]:
    """(Module, name or "") of every import in a file, those in functions and for the type checker alone included."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(filter(None, (above, node.module)))
            yield from ((source, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from ((word.value, "") for word in node.args if isinstance(word, ast.Constant))


def import_graph(root: Path) -> Graph:
    """Who imports whom within the package; `from package import submodule` is an import of the submodule."""
    known = modules(root)
    graph: Graph = {}
    for name, path in known.items():
        pairs = imported(name, path)
        targets = {inner if (inner := f"{source}.{what}") in known else source for source, what in pairs}
        graph[name] = (targets & set(known)) - {name}
    return graph


def circle(graph: Graph) -> list[str]:
    """The shortest way from a module back to itself; empty where there is none."""
    found: list[list[str]] = []
    for start in graph:
        ways, seen = [[start]], {start}
        for way in ways:
            for following in sorted(graph[way[-1]]):
                if following == start:
                    found.append([*way, start])
                elif following not in seen:
                    seen.add(following)
                    ways.append([*way, following])
    return min(found, key=len, default=[])


def room(module: str) -> str:
    """`runs` of `jaxvae.runs.setup`; "" of the package itself."""
    return [*module.split("."), ""][1]


def floor(module: str) -> int:
    """0 of the library, then one for each floor above it."""
    return FLOORS.index(room(module)) + 1 if room(module) in FLOORS else 0


def upward(graph: Graph) -> list[str]:
    """Every import from a floor above."""
    return [
        f"{name} imports {target}"
        for name, targets in graph.items()
        for target in sorted(targets)
        if floor(target) > floor(name)
    ]


def test_no_module_imports_itself_by_way_of_others() -> None:
    way = circle(import_graph(ROOT))
    assert not way, f"a circle of imports: {' → '.join(way)}"


def test_nobody_imports_from_a_floor_above() -> None:
    graph = import_graph(ROOT)
    assert {room(name) for name in graph} >= set(ROOMS)
    assert not upward(graph)


def test_runs_know_no_console_and_no_command_line() -> None:
    files = {name: path for name, path in modules(ROOT).items() if room(name) == "runs"}
    assert len(files) > 20
    for name, path in files.items():
        packages = {source.partition(".")[0] for source, _ in imported(name, path)}
        assert not packages & {"rich", "jsonargparse", "argparse"}, name
        assert "argv" not in path.read_text(encoding="utf-8"), name


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("from jaxvae.runs import b", "jaxvae.runs.a → jaxvae.runs.b → jaxvae.runs.a"),
        ("from . import b", "jaxvae.runs.a → jaxvae.runs.b → jaxvae.runs.a"),
        ("from .b import value", "jaxvae.runs.a → jaxvae.runs.b → jaxvae.runs.a"),
        ("def late():\n    import jaxvae.runs.b", "jaxvae.runs.a → jaxvae.runs.b → jaxvae.runs.a"),
        ("if TYPE_CHECKING:\n    from jaxvae.runs.b import B", "jaxvae.runs.a → jaxvae.runs.b → jaxvae.runs.a"),
        ("importlib.import_module('jaxvae.runs.b')", "jaxvae.runs.a → jaxvae.runs.b → jaxvae.runs.a"),
        ("import jax", ""),
    ],
)
def test_a_circle_is_found_and_named(tmp_path: Path, text: str, way: str) -> None:
    folder = tmp_path / "jaxvae" / "runs"
    folder.mkdir(parents=True)
    for path in (folder.parent / "__init__.py", folder / "__init__.py"):
        path.touch()
    (folder / "a.py").write_text(text)
    (folder / "b.py").write_text("from jaxvae.runs.a import value\nfrom jaxvae.commands import main")
    assert " → ".join(circle(import_graph(tmp_path))) == way
    (folder.parent / "commands.py").touch()
    assert upward(import_graph(tmp_path)) == ["jaxvae.runs.b imports jaxvae.commands"]
