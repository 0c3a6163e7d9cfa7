"""A data set that a function of the user's returns."""

from jaxvae.calls import called
from jaxvae.data.dataset import Dataset
from jaxvae.errors import UserError
from jaxvae.import_path import exists


def load_function(word: str) -> Dataset:
    """Call the function at an import path, with its options, for a data set.

    Args:
        word: my_module.load, or with options my_module.load(size=100).

    Raises:
        UserError: if there is no such function, if it raises an exception, or if it returns something else.

    >>> load_function("jaxvae.data.digits.load_digits").data_shape
    (8, 8, 1)
    """
    if not exists(word):
        raise UserError(
            f"`data` takes a name, a file, a folder or the import path of a function, got {word}, which is not a file, "
            f"and there is no module {word.partition('.')[0]!r} here: start in the folder where it lies"
        )
    found = called(word, "`data`")
    if not isinstance(found, Dataset):
        raise UserError(
            f"`data` {word} must return a jaxvae.data.Dataset, got an object of {type(found).__name__}: return "
            f"Dataset(name, train, validation, test, maximum), each part a Split of arrays"
        )
    return found
