"""The sum with one logarithm for several components, beside its plain twin: values and slopes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxvae.fast.bernoulli_log_prob import bernoulli_log_prob, fast_bernoulli_log_prob, plain_bernoulli_log_prob


@pytest.mark.slow
@pytest.mark.parametrize("event", [(7,), (64,), (3, 16), (28, 28, 1)])
@pytest.mark.parametrize("spread", [1.0, 60.0])
def test_both_forms_have_the_same_values_and_slopes(event: tuple[int, ...], spread: float) -> None:
    rng = np.random.default_rng(0)
    logits = jnp.asarray(spread * rng.normal(size=(3, *event)), jnp.float32)
    x = jnp.asarray(rng.random((3, *event)) < 0.5, jnp.float32)

    def of(form: object) -> tuple:
        total = lambda x, logits: jnp.sum(jnp.sin(form(x, logits, len(event))))  # noqa: E731  # type: ignore[operator]
        return form(x, logits, len(event)), *jax.grad(total, (0, 1))(x, logits)  # type: ignore[operator]

    fast, plain = of(fast_bernoulli_log_prob), of(plain_bernoulli_log_prob)
    np.testing.assert_allclose(fast[0], plain[0], rtol=2e-6)
    size = float(jnp.max(jnp.abs(plain[0])))  # of what the cosine, which the slopes are times, rounds
    for one, other in zip(fast[1:], plain[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6 * size * float(jnp.max(jnp.abs(other))) + 1e-6)


def test_a_long_event_takes_one_logarithm_for_sixteen_components() -> None:
    text = str(jax.make_jaxpr(lambda logits: fast_bernoulli_log_prob(jnp.ones(256), logits, 1))(jnp.zeros(256)))
    assert "log " in text
    assert "f32[16] = log " in text


@pytest.mark.parametrize("mode", ["0", "1"])
def test_values_that_are_no_floats(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAXVAE_FAST", mode)
    slopes = jax.grad(lambda logits: bernoulli_log_prob(jnp.arange(64) % 3 == 0, logits, 1))(jnp.zeros(64))
    np.testing.assert_allclose(slopes, (np.arange(64) % 3 == 0) - 0.5)
