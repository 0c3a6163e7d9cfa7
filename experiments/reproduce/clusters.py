"""MNIST as papers on clustering use it."""

from dataclasses import replace

import numpy as np

from jaxvae.data import Dataset, Split, load


def all_of_mnist() -> Dataset:
    """All 70,000 images of MNIST, to train on and to score: without labels, clustering has no test set of its own.

    Jiang et al. 2017 (VaDE), section 4.1. The images for validation are those of the test set of MNIST.
    """
    mnist = load("mnist")
    parts = (mnist.train, mnist.validation, mnist.test)
    labels = np.concatenate([np.asarray(part.labels) for part in parts])
    every = Split(np.concatenate([part.values for part in parts]), labels)
    return replace(mnist, name="mnist, all images", train=every, validation=mnist.test, test=every)
