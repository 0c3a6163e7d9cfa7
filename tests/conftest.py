"""Settings for every test: strict dtypes and ranks, key-reuse checking, compiled programs kept between runs."""

import os
import tempfile

import jax

# CPU devices are many virtual ones in some tests; the cache saves most of the suite's time from the second run on
jax.config.update("jax_compilation_cache_dir", os.path.join(tempfile.gettempdir(), "jaxvae-test-cache"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)
