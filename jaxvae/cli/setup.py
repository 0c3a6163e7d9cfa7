"""From the values of flags to all that a run is made of."""

from typing import Any

from jaxvae.cli.flags import pick
from jaxvae.data import Dataset
from jaxvae.runs.compute_flags import ComputeFlags
from jaxvae.runs.data_flags import DataFlags
from jaxvae.runs.own_model import own_model
from jaxvae.runs.run_data import prepare_data
from jaxvae.runs.setup import Setup, set_up
from jaxvae.training import Optimizer, Training
from jaxvae.vae import VAE


def set_up_from(values: dict[str, Any], dataset: Dataset | None = None) -> Setup:
    """Load the data, unless they are given, and build the descriptions.

    Raises:
        UserError: if the data are missing, or the likelihood has no density for it.
    """
    data = prepare_data(pick(DataFlags, values), values["likelihood"], dataset)
    compute: ComputeFlags = pick(ComputeFlags, values)
    networks = {name: compute.wrap(values[name]) for name in ("encoder", "decoder")}
    shape = data.dataset.data_shape
    given = {"data_shape": shape, "likelihood": data.likelihood, "condition": data.condition, **networks}
    own = values.get("model")
    model = pick(VAE, values, **given) if own is None else own_model(own, values, given)
    optimizer: Optimizer = pick(Optimizer, values)
    return set_up(data, pick(Training, values, model=model, preprocessing=data.preprocessing, optimizer=optimizer))
