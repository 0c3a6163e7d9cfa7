"""Settings for every test: strict dtypes and ranks, key-reuse checking, compiled programs kept between runs."""

import importlib.util
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

# the tests' programs are tiny: compiling them is most of the time, most of that is optimising, and to compile one in
# 32 parts at once costs more than it saves where every core runs tests
# (a flag that a later jaxlib does not know would end the process)
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1"
    + (" --xla_cpu_use_fusion_emitters=false" if version("jaxlib").startswith("0.10.") else ""),
)

import jax
import pytest

ROOT = Path(__file__).resolve().parent.parent

jax.config.update("jax_compilation_cache_dir", str(ROOT / ".cache" / "jax"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)


def module_of_script(path: str) -> ModuleType:
    """The module that a script of the repository is; its main function is not called.

    Args:
        path: from the root of the repository.
    """
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MOST_MAPPINGS = 12_000
"""Memory mappings that a process may hold before its programs are dropped: Linux allows 65,530, each program takes
several, and one more ends the process with a segmentation fault."""


@pytest.fixture
def fast_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast forms for any `JAXVAE_FAST`, for tests of how a program is written."""
    monkeypatch.setenv("JAXVAE_FAST", "1")


@pytest.fixture(autouse=True, scope="module")
def few_programs_in_memory() -> Iterator[None]:
    """Between files, drop compiled programs once there are many."""
    yield
    mappings = Path("/proc/self/maps")
    if mappings.exists() and mappings.read_bytes().count(b"\n") > MOST_MAPPINGS:
        jax.clear_caches()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test with `fast_rows(n)` the first n rows are fast, and all others are slow."""
    seen: dict[str, int] = {}
    for item in items:
        if (marker := item.get_closest_marker("fast_rows")) is not None:
            name = item.nodeid.split("[")[0]
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > marker.args[0]:
                item.add_marker("slow")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped: there the data are available."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if os.environ.get("CI") and skipped:
        reporter.write_line(f"CI: {len(skipped)} tests were skipped, none may be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
