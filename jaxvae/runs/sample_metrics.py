"""Groups of metrics of a model's samples and of its codes."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxvae.errors import UserError
from jaxvae.evaluation import importance_estimate
from jaxvae.evaluation.figures import attempt
from jaxvae.evaluation.representation import disentanglement_document, pca_codes, representation_document
from jaxvae.evaluation.sample_quality import (
    FeatureExtractor,
    load_inception,
    sample_quality_document,
    train_classifier,
)
from jaxvae.hidden import complete_columns
from jaxvae.objectives import Autoencoder, WithoutDensity
from jaxvae.observation import Example, context_of, number_of, rows_of, value_of, with_value
from jaxvae.posteriors import DiagonalNormal
from jaxvae.priors import StandardNormal
from jaxvae.report import is_image
from jaxvae.runs.first_state import create_run_state
from jaxvae.runs.pictures import Pictures, codes_of
from jaxvae.runs.streams import Stream
from jaxvae.runs.subject import Subject
from jaxvae.training import fit
from jaxvae.training.mesh import place_examples
from jaxvae.typing import Array, Key
from jaxvae.vae import VAE

_MOST_GENERATED, _GENERATED_AT_ONCE = 10_000, 500
_MOST_FOR_CLASSIFIER, _MOST_CODES = 60_000, 10_000
_NEIGHBOUR_SAMPLES, _NEIGHBOURS_AT_ONCE = 500, 20  # draws for log p(x) of neighbours: only their difference counts


def samples(subject: Subject) -> dict[str, Any]:
    """The quality of samples, by the features of a classifier or of Inception-v3."""
    if not is_image(subject.setup.dataset.data_shape):
        raise UserError(f"sample quality needs images, got data of shape {subject.setup.dataset.data_shape}")
    pictures = Pictures(subject.setup, subject.state, subject.seed)
    train, chosen = pictures.train(subject.key(Stream.EXAMPLES), _MOST_FOR_CLASSIFIER)
    if subject.setup.dataset.test.observed is not None:
        raise UserError("sample quality compares with whole examples, got some with hidden entries: leave it out")
    test, shown = pictures.shown(value_of(subject.x)), pictures.shown(value_of(train))

    def extractor() -> FeatureExtractor:
        if subject.flags.inception is not None:
            return load_inception(subject.flags.inception)
        splits = subject.setup.dataset
        of_train = splits.train.all_labels
        labels = None if of_train is None else of_train[chosen]
        return train_classifier(shown, labels, test, splits.test.all_labels, seed=subject.seed)

    draw, drawn_from = pictures.latents(subject.flags.code_density)
    model, params = subject.model, subject.params

    def generate(key: Key, example: Example) -> dict[str, Array]:
        given, _ = model.given(context_of(example))  # the conditions of test examples, if there are any
        code_key, data_key = jax.random.split(key)
        return {"x": given.decode(params, draw(given, code_key)).sample(data_key)}

    count = subject.flags.num_generated or min(len(test), _MOST_GENERATED)
    repeated = rows_of(with_value(subject.x, jnp.arange(len(test))), np.arange(count) % len(test))
    generated = subject.per_example(generate, subject.key(Stream.GENERATED), repeated, _GENERATED_AT_ONCE, "samples")[
        "x"
    ]

    def log_prob(images: np.ndarray) -> np.ndarray:
        if subject.setup.dataset.train.conditions is not None:
            raise UserError("neighbours have no condition of their own, which log p(x|c) needs")
        x = jnp.asarray(pictures.data(images), jnp.float32)

        def one(key: Key, x: Array) -> dict[str, Array]:
            return {"value": importance_estimate(model, params, key, x, _NEIGHBOUR_SAMPLES).log_marginal}

        key = subject.key(Stream.NEIGHBOURS)
        return subject.per_example(one, key, x, _NEIGHBOURS_AT_ONCE, "log p(x) of neighbours")["value"]

    figures = sample_quality_document(
        attempt(extractor),
        np.asarray(test, np.float32),
        np.clip(pictures.shown(generated), 0.0, 1.0).astype(np.float32),
        seed=subject.seed,
        train=shown,
        log_prob=log_prob if subject.has_density else None,
    )
    figures["nearest_neighbour_log_likelihood"]["importance_samples"] = _NEIGHBOUR_SAMPLES
    return {"samples": {"drawn_from": f"x ~ p(x|z), z ~ {drawn_from}", **figures}}


def representation(subject: Subject) -> dict[str, Any]:
    """How well codes show classes and factors, next to pixels, principal components and an autoencoder."""
    dataset = subject.setup.dataset
    pictures = Pictures(subject.setup, subject.state, subject.seed)
    train, chosen = pictures.train(subject.key(Stream.EXAMPLES), _MOST_CODES)
    codes = [codes_of(subject.model, subject.params, subject.key(Stream.CODES), x) for x in (train, subject.x)]
    flat = [np.asarray(complete_columns(x)).reshape(number_of(x), -1) for x in (train, subject.x)]
    kinds = {
        "model": (codes[0], codes[1]),
        "autoencoder": attempt(lambda: _autoencoder_codes(subject, train)),
        "principal_components": attempt(lambda: pca_codes(flat[0], flat[1], min(codes[0].shape[1], *flat[0].shape))),
        "pixels": (flat[0], flat[1]),
    }
    of_train = dataset.train.all_labels
    labels = None if of_train is None else of_train[chosen]
    return {
        "representation": {
            "autoencoder_epochs": subject.flags.autoencoder_epochs,
            **representation_document(kinds, (labels, dataset.test.all_labels), seed=subject.seed),
        },
        "disentanglement": disentanglement_document(
            codes[1], dataset.test.factors, dataset.factor_names, seed=subject.seed
        ),
    }


def _autoencoder_codes(subject: Subject, train: Example) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the same networks, trained for some epochs only to reconstruct: means of real numbers."""
    setup, epochs = subject.setup, subject.flags.autoencoder_epochs
    model = setup.training.model
    if isinstance(setup.training.objective, WithoutDensity):
        raise UserError("the model is an autoencoder itself")
    if isinstance(model, VAE):  # a flow has no mean, and a codebook is learned by its own objective
        model = dataclasses.replace(model, posterior=DiagonalNormal(), prior=StandardNormal())
    changes: dict[str, Any] = {"model": model, "objective": Autoencoder(), "epochs": epochs, "patience": "never"}
    training = dataclasses.replace(setup.training, **changes)
    state = create_run_state(training, setup.dataset, subject.seed, Stream.AUTOENCODER)
    validation = training.preprocessing.examples(setup.dataset.validation, "validation")
    for epoch in fit(training, state, place_examples(setup.dataset.train.examples()), validation):
        state = epoch.state
    model = training.model.at_step(state.step)
    first, second = (codes_of(model, state.evaluation_params, subject.key(Stream.CODES), x) for x in (train, subject.x))
    return first, second
