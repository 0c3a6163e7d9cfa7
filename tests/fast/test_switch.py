"""One switch for all fast forms: what it takes, what it changes, and that they are nowhere else."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxvae as jv
from jaxvae import fast
from jaxvae.data import Preprocessing
from jaxvae.fast.switch import FAST_VARIABLE, is_fast
from jaxvae.training import Training, create_state, train_step
from jaxvae.training.epoch import epoch_batches
from tests.conftest import ROOT

STEPS = 100


def test_the_values_of_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FAST_VARIABLE, raising=False)
    assert is_fast()
    for value, expected in (("1", True), ("0", False)):
        monkeypatch.setenv(FAST_VARIABLE, value)
        assert is_fast() is expected


@pytest.mark.parametrize("value", ["maybe", "", "2", "true"])
def test_any_other_value_is_one_line(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FAST_VARIABLE, value)
    with pytest.raises(jv.UserError, match=f"^JAXVAE_FAST must be 0 or 1, got '{value}': set 1 for") as error:
        fast.softplus(jnp.ones(()))
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("script", ["train", "evaluate"])
def test_a_script_refuses_it_before_it_does_anything(script: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / f"experiments/{script}.py"), "--epochs", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), FAST_VARIABLE: "maybe"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: JAXVAE_FAST must be 0 or 1, got 'maybe'")


def losses(mode: str, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The losses of the first steps of the main command: the digits, binarised at each step, and the ELBO."""
    monkeypatch.setenv(FAST_VARIABLE, mode)
    jax.clear_caches()  # what was traced keeps its forms
    data = jv.data.load("digits")
    images = jnp.asarray(data.train.values)
    training = Training(jv.VAE(data.data_shape, 16), Preprocessing(maximum=data.maximum, binarize="dynamic"))
    training = training.for_examples(len(images))
    state = create_state(training, jax.random.key(0), training.preprocessing.expected(images), len(images))
    step = jax.jit(partial(train_step, training))
    found = []
    while len(found) < STEPS:
        batches = epoch_batches(state, len(images), training.batch_size)
        for index in range(len(batches.indices)):
            state, metrics = step(state, images, jax.tree.map(lambda array, i=index: array[i], batches))
            found.append(float(metrics["elbo"]))
        state = state._replace(epoch=state.epoch + 1)
    jax.clear_caches()
    return np.array(found[:STEPS])


@pytest.mark.slow
def test_a_training_has_the_same_losses_in_both_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws are the same; what differs is rounding."""
    plain, quick = losses("0", monkeypatch), losses("1", monkeypatch)
    np.testing.assert_allclose(plain, quick, rtol=1e-5)
    assert np.any(plain != quick), "one form in place of both"
    assert plain[-10:].mean() > plain[:10].mean() + 0.5  # it trains


TELL_TALES = r"optimization_barrier|Primitive\(|default_backend|custom_call|population_count|XLA on CPU"
MAY_HAVE_THEM = {"hardware.py", "training/mesh.py"}  # they set options


def test_work_arounds_are_nowhere_else() -> None:
    package = ROOT / "jaxvae"
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(TELL_TALES, path.read_text(encoding="utf-8"))
    }
    assert {name for name in found if name.startswith("fast/")} >= {"fast/row_products.py", "fast/random_words.py"}
    assert {name for name in found if not name.startswith("fast/")} <= MAY_HAVE_THEM


def test_a_likelihood_takes_nothing_of_the_networks_but_whole_networks() -> None:
    for path in (ROOT / "jaxvae" / "likelihoods").glob("*.py"):
        assert "from jaxvae.networks." not in path.read_text(encoding="utf-8"), path


def test_the_folder_imports_only_leaves_of_the_package() -> None:
    leaves = {"errors", "hardware", "typing"}
    for path in (ROOT / "jaxvae" / "fast").glob("*.py"):
        imported = re.findall(r"^(?:from|import) jaxvae\.?(\w*)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert set(imported) <= leaves | {"fast"}, path


def test_every_switched_function_has_a_plain_twin() -> None:
    """In its module, by name; sizes have a number for it, and L⁻ᵀ v is L⁻¹ v backwards."""
    without = {"is_fast", "draws_at_once", "batches_at_once", "fitting_parts", "solve_upper"}
    for name in set(fast.__all__) - without:
        module = vars(sys.modules[getattr(fast, name).__module__])
        assert {f"plain_{name}", f"fast_{name}"} <= set(module), name
