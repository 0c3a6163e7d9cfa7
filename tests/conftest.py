"""Settings for every test: strict dtypes and ranks, key-reuse checking, compiled programs kept between runs."""

import os
from pathlib import Path

# the tests' programs are tiny: compiling them is most of the time, and half of that is optimising
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import jax
import pytest

ROOT = Path(__file__).resolve().parent.parent

jax.config.update("jax_compilation_cache_dir", str(ROOT / ".cache" / "jax"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped: there the data are at hand."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if os.environ.get("CI") and skipped:
        reporter.write_line(f"CI: {len(skipped)} tests were skipped, none may be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
