"""The grid: which flags are tried on which data."""

from typing import NamedTuple, get_args, get_type_hints

from jaxvae.likelihoods import Normal
from jaxvae.objectives import Objective
from jaxvae.posteriors import Posterior
from jaxvae.priors import Prior
from jaxvae.runs.components import choices

LATENTS = (2, 8, 16, 32, 64, 128)
STEPS = 2_000
SHORT = 500  # steps of cases that take more than half a second each on one core


class Case(NamedTuple):
    """One training run with default flags but for a few."""

    section: str
    """The heading of its table."""
    data: str
    """A name of `data.DATA`."""
    what: str
    """What differs from the defaults, as its row is called."""
    latents: int
    flags: tuple[str, ...] = ()
    """Besides those that the data ask for."""
    seed: int = 0
    steps: int = STEPS

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return " ".join([self.data, *([self.what] if self.what else []), f"L{self.latents}"])


DATA_AND_LATENTS, SEEDS = "Data and latents", "A second seed"
LIKELIHOODS, NETWORKS = "Likelihoods", "Networks"
PRIORS, POSTERIORS, OBJECTIVES = "Priors", "Posteriors", "Objectives"
SAMPLE = "Sample"

IMAGES = {  # with the flags of a likelihood that fits
    "digits": (),
    "mnist": (),
    "fashion_mnist": (),
    "omniglot": ("--binarize", "dynamic"),
    "cifar": ("--likelihood", "DiscretizedLogistic"),
    "kodak": ("--likelihood", "DiscretizedLogistic"),
}
TABLES = {
    "nltcs": (),
    "plants": (),
    "wine": ("--likelihood", "Normal"),
    "cancer": ("--likelihood", "Normal"),
    "pbmc": ("--likelihood", "NegativeBinomial"),
    "adult": ("--likelihood", "Mixed"),
    "credit": ("--likelihood", "Mixed"),
}
_FITTING = {**IMAGES, **TABLES}

# what a component needs beside it, where it does not go with the defaults
_WITH_PRIOR = {
    "UniformBernoulli": ("--posterior", "Bernoulli", "--objective", "ReweightedWakeSleep"),
    "UniformBinaryConcrete": ("--posterior", "BinaryConcrete"),
    "UniformCategorical": ("--posterior", "Categorical", "--objective", "ReweightedWakeSleep"),
    "UniformConcrete": ("--posterior", "Concrete"),
    "HypersphericalUniform": ("--posterior", "VonMisesFisher"),
    "PoincareNormal": ("--posterior", "PoincareNormal"),
    "UniformCodes": ("--posterior", "VectorQuantized", "--objective", "VQVAE"),
    "AutoregressiveCodes": ("--posterior", "VectorQuantized", "--objective", "VQVAE"),
    "WithNoise": ("--posterior", "WithNoise"),
}
_SCORE_FUNCTION = ("--objective.kl", "sampled", "--objective.estimator", "score_function")
_WITH_POSTERIOR = {
    "Bernoulli": ("--prior", "UniformBernoulli", *_SCORE_FUNCTION),
    "BinaryConcrete": ("--prior", "UniformBinaryConcrete"),
    "Categorical": ("--prior", "UniformCategorical", *_SCORE_FUNCTION),
    "Concrete": ("--prior", "UniformConcrete"),
    "VonMisesFisher": ("--prior", "HypersphericalUniform"),
    "PoincareNormal": ("--prior", "PoincareNormal"),
    "VectorQuantized": ("--prior", "UniformCodes", "--objective", "VQVAE"),
    "WithNoise": ("--prior", "WithNoise"),
}
_WITH_OBJECTIVE = {"VQVAE": ("--posterior", "VectorQuantized", "--prior", "UniformCodes")}

_OF_LEVELS = ("DiscretizedLogistic", "DiscretizedLogisticMixture", "Categorical", "BetaBinomial")
_OF_DENSITIES = ("ContinuousBernoulli", "Normal", "Laplace", "Logistic", "StudentT")
_ON_DIGITS = ("AutoregressiveBernoulli", *_OF_DENSITIES, *_OF_LEVELS, "Poisson", "NegativeBinomial")
_ON_MNIST = (*_OF_DENSITIES, "DiscretizedLogistic")

WIDTHS = ((100,), (512,), (1024,), (100, 100), (512, 512), (1024, 1024), (256,) * 3, (256,) * 4, (256,) * 5)


def grid() -> list[Case]:
    """All cases; those of digits and MNIST first, and those that take long last."""
    tables = tuple(name for name in TABLES if name not in ("adult", "credit"))
    return [
        *_data_and_latents("digits", "mnist"),
        *_components("digits", 32),
        *_likelihoods(),
        *_data_and_latents("fashion_mnist", "omniglot", *tables),
        *_widths(),
        *_seeds(),
        *_data_and_latents("cifar"),
        *_colour_likelihoods(),
        *_components("mnist", 16),
        *_components("fashion_mnist", 16),
        *_data_and_latents("kodak", "adult", "credit"),
        *_convolutions(),
    ]


def _data_and_latents(*names: str) -> list[Case]:
    return [Case(DATA_AND_LATENTS, data, "", latents, _FITTING[data]) for data in names for latents in LATENTS]


def _components(data: str, latents: int) -> list[Case]:
    """Every prior, posterior and objective of the library."""
    families = (
        (PRIORS, Prior, "prior", _WITH_PRIOR),
        (POSTERIORS, Posterior, "posterior", _WITH_POSTERIOR),
        (OBJECTIVES, Objective, "objective", _WITH_OBJECTIVE),
    )
    return [
        Case(section, data, f"{flag} {name}", latents, (f"--{flag}", name, *beside.get(name, ())))
        for section, family, flag, beside in families
        for name in choices(family)
    ]


def _likelihood(data: str, name: str, latents: int, *more: str, what: str = "", steps: int = STEPS) -> Case:
    flags = ("--likelihood", name, *more)
    return Case(LIKELIHOODS, data, f"likelihood {name}{what}", latents, flags, steps=steps)


def _likelihoods() -> list[Case]:
    cases = [_likelihood("digits", name, 16) for name in _ON_DIGITS]
    for data in ("digits", "mnist"):
        cases += [
            _likelihood(data, "Normal", 16, "--likelihood.scale", scale, what=f" scale={scale}")
            for scale in ("0.1", *_kinds_of_scale())
        ]
    cases += [_likelihood("mnist", name, latents) for name in _ON_MNIST for latents in (16, 64)]
    cases += [_likelihood("mnist", "AutoregressiveBernoulli", 16, steps=SHORT)]
    return cases + [_likelihood("pbmc", name, latents) for name in ("Poisson", "ZeroInflated") for latents in (16, 64)]


def _kinds_of_scale() -> list[str]:
    """What the scale of a normal likelihood may be besides a number."""
    return [name for kind in get_args(get_type_hints(Normal)["scale"]) for name in get_args(kind)]


def _colour_likelihoods() -> list[Case]:
    return [_likelihood("cifar", "Normal", latents) for latents in (16, 64)]


def _widths() -> list[Case]:
    cases = []
    for widths in WIDTHS:
        features = f"[{','.join(map(str, widths))}]"
        flags = ("--encoder.features", features, "--decoder.features", features)
        cases += [Case(NETWORKS, "mnist", f"MLP {features}", latents, flags) for latents in (16, 64)]
    return cases


def _seeds() -> list[Case]:
    return [
        Case(SEEDS, data, "seed 1", latents, _FITTING[data], seed=1)
        for data in ("digits", "mnist", "pbmc", "nltcs")
        for latents in LATENTS
    ]


def _convolutions() -> list[Case]:
    conv = ("--encoder", "Conv", "--decoder", "Conv")
    cases = [Case(NETWORKS, "mnist", "Conv", latents, conv) for latents in (16, 64)]
    for name in ("DiscretizedLogistic", "Normal"):
        flags = (*conv, "--likelihood", name)
        cases += [Case(NETWORKS, "cifar", f"Conv {name}", latents, flags) for latents in (16, 64)]
    resnet = ("--encoder", "ResNet", "--decoder", "ResNet")
    cases.append(Case(NETWORKS, "mnist", "ResNet", 16, resnet, steps=SHORT))
    flags = (*conv, "--likelihood", "Categorical")  # 786,432 logits an example
    cases.append(Case(NETWORKS, "cifar", "Conv Categorical", 16, flags, steps=SHORT // 2))
    return cases


def sample() -> list[Case]:
    """What is quick, and failed before the defaults were chosen by this script; none needs a file."""
    deep = ("--encoder.features", "[256,256,256,256,256]", "--decoder.features", "[256,256,256,256,256]")
    rows: tuple[tuple[str, str, int, tuple[str, ...]], ...] = (
        ("digits", "", 32, ()),
        ("digits", "", 128, ()),
        ("digits", "MLP 5 × 256", 64, deep),
        ("digits", "likelihood Normal", 16, ("--likelihood", "Normal")),
        ("digits", "likelihood Laplace", 16, ("--likelihood", "Laplace")),
        ("digits", "posterior FullNormal", 16, ("--posterior", "FullNormal")),
        ("digits", "posterior Bernoulli", 16, ("--posterior", "Bernoulli", *_WITH_POSTERIOR["Bernoulli"])),
        ("digits", "objective FactorVAE", 16, ("--objective", "FactorVAE")),
        ("digits", "objective Capacity", 16, ("--objective", "Capacity")),
        ("counts", "likelihood NegativeBinomial", 32, ("--likelihood", "NegativeBinomial")),
    )
    longer = {"objective Capacity": 2 * SHORT}  # whose rate rises for most of the run
    return [
        Case(SAMPLE, data, what, latents, flags, steps=longer.get(what, SHORT)) for data, what, latents, flags in rows
    ]
