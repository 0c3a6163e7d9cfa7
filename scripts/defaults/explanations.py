"""Why a row is not as it should be, for the last column of the page."""

_GIVES_UP = "It gives up ELBO for what it is made for: I(x; z) is the figure to read."

_OF_NAMES = {
    "cifar Conv Categorical": "It has 250 steps: a last layer that starts small spends some of them on growing. "
    "`--decoder.output_gain 1` starts it large.",
    "wine": "So few test examples that the difference is within the standard error of the ELBO.",
    "DIPVAE": f"{_GIVES_UP} Its weights hold the covariance of the codes at the identity.",
    "MSSSIM": f"{_GIVES_UP} It trains for pictures that look alike, and has no density of its own.",
    "VAEGAN": f"{_GIVES_UP} It reconstructs features of a discriminator, not pixels.",
    "PIWAE": "It trains the decoder by a bound of 64 draws of z, not by the ELBO of one draw.",
}


def explanation(name: str) -> str:
    """What is said of a row that is not ok; empty where nothing is known.

    Args:
        name: of its case.

    >>> explanation("digits objective PIWAE L32")[:9]
    'It trains'
    >>> explanation("digits L2")
    ''
    """
    return next((text for words, text in _OF_NAMES.items() if f" {words} " in f" {name} "), "")
