"""Which data and which parameters each figure is made of."""

from typing import Any

import jax
import numpy as np
import pytest

from jaxvae.cli.experiment import experiment_parser
from jaxvae.cli.flags import construct, parse
from jaxvae.cli.setup import set_up_from
from jaxvae.data import Preprocessing
from jaxvae.runs import density_metrics
from jaxvae.runs.evaluate import evaluate_run
from jaxvae.runs.first_state import first_state
from jaxvae.runs.setup_checks import warm_up_warning
from jaxvae.runs.start import _is_unit
from jaxvae.runs.streams import Stream, stream_key
from jaxvae.runs.trained import TrainedRun


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three splits that differ in their mean: 0.8, 0.5, 0.2."""
    path = tmp_path_factory.mktemp("data") / "three.npz"
    generator, means = np.random.default_rng(0), {"train": 0.8, "validation": 0.5, "test": 0.2}
    sizes = {"train": 90, "validation": 20, "test": 30}
    np.savez(path, **{k: (generator.random((sizes[k], 4, 5)) < mean).astype(np.uint8) for k, mean in means.items()})
    return str(path)


def test_starts_and_baseline_from_train_figures_from_test_with_the_average(
    arrays: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = experiment_parser("")
    flags = ["--data", arrays, "--ema_decay", "0.9", "--encoder.features", "[]", "--decoder.features", "[]"]
    setup = set_up_from(construct(parser, parse(parser, [*flags, "--latent_dim", "2"])))
    state = first_state(setup, seed=3)
    ones = setup.dataset.train.values.sum(axis=0)
    np.testing.assert_allclose(state.params["likelihood"]["offset"], np.log((ones + 1) / (91 - ones)), rtol=1e-4)

    seen: dict[str, Any] = {}
    real = density_metrics.evaluate

    def spy(model: Any, objective: Any, params: Any, key: Any, x: Any, **rest: Any) -> Any:
        seen.update(params=params, x=x)
        return real(model, objective, params, key, x, **rest)

    monkeypatch.setattr(density_metrics, "evaluate", spy)
    state = state._replace(average=jax.tree.map(lambda leaf: leaf + 1, state.params))
    document = evaluate_run(TrainedRun(tmp_path, setup, state, seed=3, num_samples=2))
    np.testing.assert_array_equal(seen["x"], setup.dataset.test.values)
    assert seen["params"] is state.average
    assert document["parameters"] == "moving average"
    # pixels that are 1 four times in five, scored where they are 1 once in five
    expected = setup.dataset.test.values.mean() * np.log(0.8) + (1 - setup.dataset.test.values.mean()) * np.log(0.2)
    assert document["baseline"]["value"] == pytest.approx(20 * expected, rel=0.1)


def test_a_schedule_that_the_run_does_not_come_to_the_end_of(arrays: str) -> None:
    """90 examples in batches of 9 are 10 steps an epoch."""
    parser = experiment_parser("")
    flags = ["--data", arrays, "--batch_size", "9", "--objective", "Capacity", "--objective.schedule.steps", "30"]
    two, three = (set_up_from(construct(parser, parse(parser, [*flags, "--epochs", epochs]))) for epochs in ("2", "3"))
    assert "ends at step 30, the run at 20" in str(warm_up_warning(two))
    assert warm_up_warning(three) is None


def test_no_two_streams_share_a_key() -> None:
    keys = [jax.random.key_data(stream_key(seed, stream)) for seed in (0, 1, 777) for stream in Stream]
    evaluation = jax.random.key_data(jax.random.fold_in(jax.random.key(777), 1))
    assert len({tuple(np.asarray(key)) for key in [*keys]}) == 3 * len(Stream)
    assert any(np.array_equal(evaluation, key) for key in keys)  # one fold deep, a run's seed reaches it …
    raw = np.full((4, 50, 50), 8, np.uint8)
    preprocessing = Preprocessing(maximum=16, binarize="dynamic")
    test = preprocessing.for_evaluation(raw, "test")
    for stream in Stream:  # … the evaluation set lies deeper
        assert not np.array_equal(test, preprocessing(stream_key(777, stream), raw))


def test_units_and_means_of_the_data_stay_those_of_the_new_data() -> None:
    kept = ("likelihood/fixed/center", "condition/fixed/spread", "hidden/fixed/fill", "missingness/fixed/center")
    assert all(map(_is_unit, kept))
    taken = (
        "hidden/fill",
        "condition/dropped",
        "missingness/threshold",
        "prior/fixed/exemplars",
        "posterior/fixed/codebook",
    )
    assert not any(map(_is_unit, taken))
