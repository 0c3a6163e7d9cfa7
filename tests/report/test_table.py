"""Tables of figures."""

from jaxvae.report.table import evaluation_rows


def test_a_figure_that_is_not_finite_has_a_line() -> None:
    """Its value was written as null, and nobody gave a reason."""
    (row,) = evaluation_rows({"elbo": {"value": None, "unit": "nats"}})["likelihood [nats]"]
    assert (row.name, row.value, row.more) == ("ELBO", "none", "not finite")


def test_figures_that_are_missing_for_one_reason_have_one_line() -> None:
    absent, found = {"value": None, "reason": "no labels"}, {"value": 0.5, "standard_error": 0.25}
    names = ("frechet_distance", "kernel_distance", "precision", "recall", "nearest_neighbour_distance")
    rows = evaluation_rows({"samples": dict(zip(names, [absent, absent, found, absent, found], strict=True))})[
        "samples"
    ]
    assert [(row.name, row.value, row.more) for row in rows if row.more] == [
        ("Fréchet distance, kernel distance", "none", "no labels"),
        ("recall", "none", "no labels"),
    ]
    assert [row.error for row in rows if row.error] == ["0.250", "0.250"]
    (alone,) = evaluation_rows({"samples": dict.fromkeys(names, absent)})["samples"]
    assert alone.name == "all of it"


def test_a_figure_that_its_error_drowns_is_no_evidence() -> None:
    values = {"value": 53.0, "standard_error": 82.0, "unit": "nats"}
    (row,) = evaluation_rows({"rate": values})["likelihood [nats]"]
    assert row.more == "no evidence: within 2 s.e. of 0"
    (row,) = evaluation_rows({"rate": {**values, "standard_error": 20.0}})["likelihood [nats]"]
    assert row.more == ""
