"""Tables of figures."""

from jaxvae.report.table import evaluation_rows


def test_a_figure_that_is_not_finite_has_a_line() -> None:
    """Its value was written as null, and nobody gave a reason."""
    (row,) = evaluation_rows({"elbo": {"value": None, "unit": "nats"}})["likelihood [nats]"]
    assert (row.name, row.value, row.more) == ("ELBO", "none", "not finite")
