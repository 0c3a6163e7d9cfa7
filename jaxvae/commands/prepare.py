"""Prepare a named data set once, from local files or from the network.

jaxvae prepare mnist --from FOLDER       # FOLDER holds the original files
jaxvae prepare cifar10                   # downloads; needs pip install "jaxvae[prepare]"
"""

import sys

from jsonargparse import ArgumentParser

from jaxvae.cli.flags import make_parser, parse
from jaxvae.data import load, prepare
from jaxvae.data.cache import cache_folder, data_folder


def make() -> ArgumentParser:
    """The parser of the command."""
    parser = make_parser("Prepare a named data set once, from local files or from the network.")
    parser.add_argument("name", type=str, help="mnist, fashion_mnist, binarized_mnist, cifar10, emnist/letters, …")
    parser.add_argument("--from", type=str, metavar="FOLDER", help="folder of the original files (default: download)")
    parser.add_argument("--data_dir", type=str, help="where to write (default: $JAXVAE_DATA_DIR or ~/.cache/jaxvae)")
    return parser


def main() -> None:
    """Prepare the set, load it once (which caches its arrays), and print where the files are."""
    parser = make()
    flags = parse(parser, sys.argv[1:])
    folder = prepare(flags.name, flags["from"], flags.data_dir)
    dataset = load(flags.name, flags.data_dir)
    sizes = ", ".join(f"{split} {len(part):,}" for split, part in dataset.splits.items())
    print(f"{flags.name}: {sizes}, each {dataset.train.values.dtype} {dataset.data_shape}")
    print(f"records: {folder}")
    print(f"arrays:  {cache_folder(flags.name, data_folder(flags.data_dir))}")
