"""Prepare a named data set once, from files at hand or from the network.

    python scripts/prepare_data.py mnist --from FOLDER

FOLDER holds the original files; without --from they are downloaded. `mnist`, `fashion_mnist` and `binarized_mnist` need
no TensorFlow, every other image set of tensorflow-datasets does: pip install "jaxvae[prepare]".
"""

import argparse
import sys
from pathlib import Path

from jaxvae.data import load, prepare
from jaxvae.data.cache import cache_folder, data_folder
from jaxvae.errors import UserError


def main() -> None:
    """Prepare the set, load it once (which caches its arrays), and say what lies where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a name: mnist, fashion_mnist, binarized_mnist, cifar10, emnist/letters, ...")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="folder of the downloaded files")
    parser.add_argument("--data_dir", metavar="DIR", help="where to write; default $JAXVAE_DATA_DIR or ~/.cache/jaxvae")
    arguments = parser.parse_args()
    folder = prepare(arguments.name, arguments.source, arguments.data_dir)
    dataset = load(arguments.name, arguments.data_dir)
    sizes = ", ".join(f"{split} {len(part):,}" for split, part in dataset.splits.items())
    print(f"{arguments.name}: {sizes}, each {dataset.train.images.dtype} {dataset.data_shape}")
    print(f"records: {folder}")
    print(f"arrays:  {cache_folder(arguments.name, data_folder(arguments.data_dir))}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
