"""Bins, information and the jackknife, against numpy, scikit-learn and replicates."""

import numpy as np
import pytest

import jaxvae as jv
from jaxvae.evaluation.representation import mutual_information_gap
from jaxvae.evaluation.representation.histograms import bin_codes, code_information, entropy, jackknife, joint_counts
from tests.evaluation.representation.codes import every_combination, noise


def test_bins_of_equal_width_are_those_of_numpy() -> None:
    codes = noise(300, 3) * [1, 100, 1e-3] + [0, 5, 2]
    for binned, code in zip(bin_codes(codes).T, codes.T, strict=True):
        np.testing.assert_array_equal(np.bincount(binned, minlength=20), np.histogram(code, bins=20)[0])
    assert not bin_codes(np.full((4, 2), 3.0)).any()  # a code that does not vary


def test_bins_of_equal_mass_ignore_increasing_maps() -> None:
    codes = noise(400, 3)
    binned = bin_codes(codes, "equal_mass")
    assert (np.apply_along_axis(np.bincount, 0, binned) == 20).all()
    np.testing.assert_array_equal(bin_codes(np.exp(3 * codes), "equal_mass"), binned)
    tied = bin_codes(np.repeat([[0.0], [1.0], [1.5]], [10, 5, 5], axis=0), "equal_mass")
    assert np.unique(tied).tolist() == [5, 12, 17]  # 20 times the mean share below: 0.25, 0.625, 0.875


def test_unknown_bins() -> None:
    with pytest.raises(jv.UserError, match="bins must be one of equal_width, equal_mass; got 'equal'"):
        mutual_information_gap(noise(9), np.arange(9)[:, None], bins="equal")  # type: ignore[arg-type]


def test_information_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import mutual_info_score

    factors = every_combination(7)
    codes = factors @ np.random.default_rng(1).normal(size=(3, 4)) + noise(len(factors), 4)
    binned = bin_codes(codes)
    tables = joint_counts(binned, factors)
    assert [table.shape for table in tables] == [(20, 4, 20, 3), (20, 4, 20, 4), (20, 4, 20, 5)]
    for table, factor in zip(tables, factors.T, strict=True):
        assert set(table.sum((2, 3)).ravel()) == {len(factors) / 20}  # groups of one size
        expected = [mutual_info_score(factor, code) for code in binned.T]
        np.testing.assert_allclose(code_information(table.sum(0)), expected, atol=1e-12)
        np.testing.assert_allclose(entropy(table.sum(0)[0].sum(0)), np.log(factor.max() + 1))


def test_jackknife_of_a_mean_is_its_standard_error_over_groups() -> None:
    codes, factors = noise(600, 2), every_combination(10)
    table = joint_counts(bin_codes(codes), factors)[1]
    shares = table[:, 0, 9].sum(-1) / 30  # of each group of 30, in bin 9 of code 0
    found = jackknife(lambda tables: tables[0][0, 9].sum() / tables[0][0].sum(), [table])
    np.testing.assert_allclose(found, [shares.mean(), shares.std(ddof=1) / np.sqrt(20)])


def test_standard_error_of_the_gap_is_its_spread() -> None:
    """Over 100 fresh sets of examples; the spread is known to 7 %, so that 40 % are more than 5 standard errors."""
    rng = np.random.default_rng(2)
    mixing = rng.normal(size=(2, 3))
    values, errors = [], []
    for _ in range(100):
        factors = rng.integers([4, 3], size=(600, 2))
        codes = factors @ mixing + 0.5 * rng.normal(size=(600, 3))
        value, error = mutual_information_gap(codes, factors)
        values.append(value)
        errors.append(error)
    assert 0.6 < np.mean(errors) / np.std(values, ddof=1) < 1.4
