"""Train a VAE and look at it.

python experiments/train.py                                                  # handwritten digits, no download
python experiments/train.py --likelihood Normal --dequantize --objective.beta 4
python experiments/train.py --config experiments/configs/leaky_128.yaml      # MNIST
"""

from jaxvae.cli.flags import run_script
from jaxvae.commands.train import main

if __name__ == "__main__":
    run_script(main)
