"""Prepare a named data set once, from local files or from the network.

python scripts/prepare_data.py mnist --from FOLDER       # FOLDER holds the original files
python scripts/prepare_data.py cifar10                   # downloads; needs pip install "jaxvae[prepare]"
"""

from jaxvae.cli.flags import run_script
from jaxvae.commands.prepare import main

if __name__ == "__main__":
    run_script(main)
