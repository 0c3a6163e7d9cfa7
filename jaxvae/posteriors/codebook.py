"""A codebook that follows the vectors it quantises by moving averages, without gradients."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxvae.distributions.quantized import Quantized, chosen_codes
from jaxvae.typing import Array, Key, Params, Shape

SMOOTHING = 1e-5  # ε, in vectors: avoids 0 / 0 for a code that is hardly ever used


def fresh_codebook(key: Key, depth: int, num_codes: int, code_dim: int) -> Params:
    """A codebook drawn from N(0, 1), with counts of 0: codes that the first batch does not use are dead."""
    shape = (depth, num_codes, code_dim)
    return {"codebook": jax.random.normal(key, shape), "counts": jnp.zeros(shape[:2]), "sums": jnp.zeros(shape)}


def code_counts(q: Quantized, mask: Array, num_codes: int) -> Array:
    """For each code, the number of vectors nearest to it among the examples that count, `[depth, num_codes]`.

    Args:
        q: of a batch.
        mask: `[batch]` bool.
        num_codes: K.
    """
    return jnp.sum(_hits(q, mask, num_codes), axis=(0, 2))


def _hits(q: Quantized, mask: Array, num_codes: int) -> Array:
    """One-hot vectors of the codes, 0 for padding, `[batch, depth, groups, num_codes]`."""
    hits = jax.nn.one_hot(q.indices, num_codes, dtype=q.codes.dtype)
    return jnp.where(mask[:, None, None, None], hits, 0.0)


def moved_codebook(
    state: Params, q: Quantized, keys: Key, mask: Array, decay: float | Array, restart_below: float | Array
) -> Params:
    """The codebook after one batch.

    N_k ← γ N_k + (1 − γ) n_k,  m_k ← γ m_k + (1 − γ) Σ r,  e_k = m_k / N̂_k,  N̂_k = ΣN (N_k + ε) / (ΣN + K ε)

    The sum is over the n_k vectors r of the batch that are nearest to code k, for each level separately. van den Oord
    et al. 2017, appendix A.1; the smoothing N̂ is from the authors' code. A code with N_k < restart_below · ΣN / K is
    dead. It restarts at a random vector of the batch with the mean count ΣN / K; no vector is taken twice before all
    were taken once.

    Args:
        state: `codebook` and `sums`, `[depth, K, code_dim]`, and `counts`, `[depth, K]`.
        q: of a batch.
        keys: one for each example, `[batch]`; the keys of padding change nothing.
        mask: which examples count, `[batch]` bool; if none counts, nothing moves.
        decay: γ.
        restart_below: as a share of the mean count; 0 for no restarts.
    """
    num_codes = state["counts"].shape[-1]
    residuals = jnp.where(mask[:, None, None, None], q.residuals, 0.0)  # [batch, depth, groups, code_dim]
    hits = _hits(q, mask, num_codes)
    counts = decay * state["counts"] + (1.0 - decay) * jnp.sum(hits, axis=(0, 2))
    sums = decay * state["sums"] + (1.0 - decay) * jnp.einsum("blgk,blgc->lkc", hits, residuals)
    total = jnp.sum(counts, axis=-1, keepdims=True)
    smoothed = total * (counts + SMOOTHING) / (total + num_codes * SMOOTHING)
    seen = (counts > 0.0)[..., None]
    codebook = jnp.where(seen, sums / jnp.where(seen, smoothed[..., None], 1.0), state["codebook"])

    dead = counts < restart_below * total / num_codes
    vectors = chosen_codes(_restarts(dead, q.indices.shape, keys, mask), _flat(residuals))
    fair = jnp.broadcast_to(total / num_codes, counts.shape)
    moved = {
        "codebook": jnp.where(dead[..., None], vectors, codebook),
        "counts": jnp.where(dead, fair, counts),
        "sums": jnp.where(dead[..., None], fair[..., None] * vectors, sums),
    }
    return jax.tree.map(lambda new, old: jnp.where(jnp.any(mask), new, old), moved, dict(state))


def _flat(residuals: Array) -> Array:
    """All vectors of each level, `[depth, batch · groups, code_dim]`."""
    by_level: Any = jnp.moveaxis(residuals, 1, 0)
    return by_level.reshape(by_level.shape[0], -1, by_level.shape[-1])


def _restarts(dead: Array, shape: Shape, keys: Key, mask: Array) -> Array:
    """The index of the vector at which each code would restart, `[depth, num_codes]`: random, without padding.

    Each example has its own noise, so that padding changes nothing.
    """
    noise = jax.vmap(lambda key: jax.random.uniform(key, shape[1:]))(keys)
    noise = jnp.where(mask[:, None, None], noise, jnp.inf)
    order = jnp.argsort(_flat(noise[..., None])[..., 0], axis=-1)  # [depth, batch · groups], padding last
    rank = jnp.cumsum(dead, axis=-1) - 1
    available = jnp.maximum(jnp.sum(mask) * shape[-1], 1)
    return jnp.take_along_axis(order, rank % available, axis=-1)
