"""Scores of perfect, of equally entangled and of empty codes; small cases by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

import jaxvae as jv
from jaxvae.evaluation.representation import (
    completeness,
    dci,
    disentanglement,
    factor_vae_score,
    linear_separated_attribute_predictability,
    modularity,
    mutual_information_gap,
    ridgeway_mozer_modularity,
    separated_attribute_predictability,
)
from tests.evaluation.representation.codes import VALUES, equally_entangled, every_combination, noise, perfect

LOG_2, LOG_4 = np.log(2), np.log(4)


def test_perfect_codes() -> None:
    """1 on every score but SAP, whose second code is right for one value in V: 1 − mean(1/V)."""
    factors = every_combination(20)
    codes = perfect(factors)
    for bins in ("equal_width", "equal_mass"):
        np.testing.assert_allclose(mutual_information_gap(codes, factors, bins=bins).value, 1.0, atol=1e-12)
        np.testing.assert_allclose(modularity(codes, factors, bins=bins).value, 1.0, atol=1e-12)
    scores = dci(codes, factors)
    np.testing.assert_allclose(scores.importances, [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 0]], atol=1e-12)
    np.testing.assert_allclose([scores.disentanglement, scores.completeness, scores.informativeness.value], 1.0)
    assert factor_vae_score(codes, factors).value == 1.0
    sap = separated_attribute_predictability(codes, factors)
    assert sap.standard_error is not None
    assert sap.value <= 1 - np.mean(1 / np.asarray(VALUES)) + 1e-12  # the second is at best right for more
    assert sap.value > 1 - np.mean(1 / np.asarray(VALUES)) - 6 * sap.standard_error


@pytest.mark.parametrize("bins", ["equal_width", "equal_mass"])
def test_codes_that_tell_as_much_of_every_factor(bins: str) -> None:
    """0 (bounds: what halves of the examples leave of it); the vote guesses one of 4 and codes tell all together."""
    codes, factors = equally_entangled(3)
    assert mutual_information_gap(codes, factors, bins=bins).value < 1e-12  # type: ignore[arg-type]
    assert modularity(codes, factors, bins=bins).value < 1e-9  # type: ignore[arg-type]
    assert separated_attribute_predictability(codes, factors).value < 0.04
    scores = dci(codes, factors)
    assert scores.disentanglement < 0.01
    assert scores.completeness < 0.01
    assert scores.informativeness.value > 0.7
    assert 0.2 < factor_vae_score(codes, factors).value < 0.35


def test_codes_that_know_nothing() -> None:
    """0, or the accuracy of a guess: the mean of 1/V, a vote of one in F (each within 6 standard errors)."""
    factors = every_combination(30)
    codes = noise(len(factors))
    gap = mutual_information_gap(codes, factors)
    assert gap.value < 0.02
    assert modularity(codes, factors).value == 0.0
    assert separated_attribute_predictability(codes, factors).value < 0.05
    scores = dci(codes, factors)
    assert scores.disentanglement < 0.02
    assert scores.completeness < 0.02
    chance = np.mean(1 / np.asarray(VALUES))
    assert abs(scores.informativeness.value - chance) < 6 * np.sqrt(chance * (1 - chance) / (len(factors) / 2))
    assert abs(factor_vae_score(codes, factors).value - 1 / 3) < 6 * np.sqrt(2 / 9 / 800)


def test_constant_codes() -> None:
    factors = every_combination(4)
    codes = np.ones((len(factors), 2))
    for score in (mutual_information_gap, modularity, separated_attribute_predictability, factor_vae_score):
        assert abs(score(codes, factors).value) < 1e-12
    scores = dci(codes, factors)
    assert (scores.disentanglement, scores.completeness) == (0.0, 0.0)


def test_turning_perfect_codes_lowers_every_score() -> None:
    factors = every_combination(4, (5, 5, 5, 5))
    straight = factors - 2.0
    turned = straight @ np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    for score, drop in ((mutual_information_gap, 0.5), (separated_attribute_predictability, 0.3), (modularity, 0.05)):
        assert score(turned, factors).value < score(straight, factors).value - drop
    assert dci(turned, factors).disentanglement < 0.5
    assert dci(turned, factors).completeness < 0.5


def test_gap_by_exact_entropies() -> None:
    """v has 4 values: I(v // 2) = log 2 and I(v = 0) = H(1/4), over H = log 4; copies and lone codes."""
    v = every_combination(10, (4, 2))
    halved, first = v[:, 0] // 2, v[:, 0] == 0
    quarter = stats.entropy([0.25, 0.75])
    gap = mutual_information_gap
    np.testing.assert_allclose(gap(np.stack([halved, first], 1), v[:, :1]).value, (LOG_2 - quarter) / LOG_4)
    np.testing.assert_allclose(gap(halved[:, None], v[:, :1]).value, 0.5)
    np.testing.assert_allclose(gap(np.stack([v[:, 0], 3 - v[:, 0], v[:, 1]], 1), v).value, 0.5)  # factor 0 twice
    np.testing.assert_allclose(gap(v[:, [0, 0, 1, 1]], v).value, 0.0, atol=1e-12)


def test_modularity_by_hand() -> None:
    """v₀ alone: 1; v₀ + 2 v₁ with I = log 2 and log 4: 1 − ¼; both halves: 0; one of neither is left out."""
    v = every_combination(30, (2, 4))
    codes = np.stack([v[:, 0], v[:, 0] + 2 * v[:, 1], v[:, 0] + 2 * (v[:, 1] // 2)], axis=1).astype(float)
    for chosen, expected in (([0], 1.0), ([1], 0.75), ([2], 0.0), ([0, 1, 2], 1.75 / 3)):
        np.testing.assert_allclose(modularity(codes[:, chosen], v).value, expected, atol=1e-12)
    with_noise = np.concatenate([codes, noise(len(v), 2)], axis=1)
    np.testing.assert_allclose(modularity(with_noise, v).value, 1.75 / 3, atol=1e-12)


def test_modularity_of_all_pairs_and_codes() -> None:
    """By the paper's formula with scikit-learn's information of 20 bins: noise counts, and a dead code counts as 0."""
    v = every_combination(5, (2, 4, 3))
    codes = np.concatenate([v[:, :1] + 0.3 * noise(len(v), 1), v[:, 1:2], noise(len(v), 2), np.ones((len(v), 1))], 1)
    scores = []
    for code in codes.T[:-1]:
        edges = np.linspace(code.min(), code.max(), 21)[1:-1]
        bins = np.digitize(code, edges)
        information = np.array([mutual_info_score(factor, bins) for factor in v.T])
        most = np.max(information)
        template = np.where(information == most, most, 0.0)
        scores.append(1 - np.sum((information - template) ** 2) / (most**2 * (3 - 1)))
    expected = np.mean([*scores, 0.0])
    np.testing.assert_allclose(ridgeway_mozer_modularity(codes, v).value, expected, rtol=1e-9)
    assert ridgeway_mozer_modularity(codes, v).value < modularity(codes, v).value


@pytest.mark.parametrize("seed", range(4))
def test_a_dead_code_counts_as_0_whatever_rounding_leaves_of_it(seed: int) -> None:
    """Entropies of 762 examples do not cancel exactly; errors by leaving out groups saw it at random."""
    factors = np.random.default_rng(seed).integers(0, 10, (762, 3))
    alive = ridgeway_mozer_modularity(factors[:, :2].astype(float), factors)
    dead = ridgeway_mozer_modularity(np.append(factors[:, :2], np.zeros((762, 1)), axis=1).astype(float), factors)
    np.testing.assert_allclose(dead.value, alive.value * 2 / 3, rtol=1e-12)
    assert alive.standard_error is not None
    np.testing.assert_allclose(dead.standard_error, alive.standard_error * 2 / 3, rtol=1e-9)
    assert alive.standard_error < 0.01


def test_linear_predictability_of_two_values_and_of_four() -> None:
    """A line is right of two values of a factor, and of the two outer ones of four; two copies leave no gap."""
    v = every_combination(100, (2, 4)).astype(float)
    codes = np.stack([4.0 * v[:, 0] - 2.0, 2.0 * v[:, 1] - 3.0], axis=1)
    sap = linear_separated_attribute_predictability
    factors = v.astype(int)
    np.testing.assert_allclose(sap(codes[:, [0, 1]], factors[:, :1]).value, 0.5, atol=0.1)  # the rival guesses
    assert sap(codes[:, [0, 0, 1, 1]], factors).value == 0.0
    assert 0.2 <= sap(codes, factors[:, 1:]).value <= 0.8
    np.testing.assert_allclose(sap(codes[:, :1], factors[:, :1]).value, 0.5, atol=1e-9)


def test_separated_predictability_of_copies_and_of_rare_values() -> None:
    """Two copies leave no gap; v₀ = 0 is right for 2 of 3 values, each counting alike, and a guess for 1."""
    v = every_combination(100, (3, 2))
    sap = separated_attribute_predictability
    assert sap(v[:, [0, 0, 1, 1]], v).value == 0.0
    rare = np.repeat(v, np.where(v[:, 0] == 1, 1, 4), axis=0)[:, :1]  # 1 is four times rarer than 0 and 2
    np.testing.assert_allclose(sap(rare == 0, rare).value, 2 / 3 - 1 / 3, atol=1e-12)


def test_importances_by_hand() -> None:
    importances = np.asarray([[0.7, 0.1, 0.0], [0.3, 0.9, 0.5], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    rows = [1 - stats.entropy(row, base=3) for row in importances[:3]]
    np.testing.assert_allclose(disentanglement(importances), np.average(rows, weights=[0.8, 1.7, 0.5]))
    columns = [1 - stats.entropy(column, base=4) for column in importances.T]
    np.testing.assert_allclose(completeness(importances), np.mean(columns))
    assert disentanglement(np.zeros((2, 3))) == completeness(np.zeros((2, 3))) == 0.0


def test_a_factor_in_two_codes_is_disentangled_and_not_complete() -> None:
    """v has 4 values: one code tells v // 2, the other v % 2, both half of it; the other factor has its own code."""
    v = every_combination(60, (4, 3))
    scores = dci(np.stack([v[:, 0] // 2, v[:, 0] % 2, v[:, 1]], axis=1), v)
    np.testing.assert_allclose(scores.disentanglement, 1.0, atol=1e-6)
    np.testing.assert_allclose(scores.completeness, (1 - np.log(2) / np.log(3) + 1) / 2, atol=0.02)
    assert scores.informativeness.value == 1.0


def test_vote_ignores_scales_and_codes_that_hardly_vary() -> None:
    factors = every_combination(5)
    codes = np.concatenate([perfect(factors), 0.02 * noise(len(factors), 2)], axis=1)  # variance below 0.001
    assert factor_vae_score(codes * [1, 10, 0.5, 1, 1, 1], factors).value == 1.0
    assert factor_vae_score(1e-3 * codes, factors).value == 1.0
    assert factor_vae_score(np.ones_like(codes), factors).value == 0.0


def test_one_seed_one_score() -> None:
    codes, factors = equally_entangled(1)
    codes = codes + 0.3 * noise(len(codes), 4)
    for score in (separated_attribute_predictability, factor_vae_score):
        assert score(codes, factors, seed=1) == score(codes, factors, seed=1) != score(codes, factors, seed=2)
    first, again = dci(codes, factors, seed=1), dci(codes, factors, seed=1)
    np.testing.assert_array_equal(first.importances, again.importances)


def test_bad_input() -> None:
    factors = every_combination(2)
    codes = perfect(factors)
    scores = (mutual_information_gap, modularity, separated_attribute_predictability, dci, factor_vae_score)
    for score in scores:
        with pytest.raises(jv.UserError, match=r"factors must be \[N, F\] with N = 120.*\(119, 3\)"):
            score(codes, factors[:-1])
        with pytest.raises(jv.UserError, match=r"two values or more, got one alone in column 1"):
            score(codes, factors * [1, 0, 1])
    with pytest.raises(jv.UserError, match="modularity needs two factors"):
        modularity(codes, factors[:, :1])
    with pytest.raises(jv.UserError, match="FactorVAE score needs two factors"):
        factor_vae_score(codes, factors[:, :1])
    with pytest.raises(jv.UserError, match="two examples or more"):
        factor_vae_score(codes, np.stack([np.arange(120), np.arange(120) % 7], axis=1))
    with pytest.raises(jv.UserError, match="disentanglement needs two factors"):
        disentanglement(np.ones((3, 1)))
    with pytest.raises(jv.UserError, match="completeness needs two codes"):
        completeness(np.ones((1, 3)))
