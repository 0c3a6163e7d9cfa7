"""Settings for every test: strict dtypes and ranks, key-reuse checking, compiled programs kept between runs."""

from pathlib import Path

import jax

ROOT = Path(__file__).resolve().parent.parent

jax.config.update("jax_compilation_cache_dir", str(ROOT / ".cache" / "jax"))  # compiling is most of the suite's time
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)
