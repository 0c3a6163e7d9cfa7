"""Train many VAEs as one program, and compare them.

python experiments/sweep.py --objective.beta 0.25 0.5 1 2 4 --seeds 3          # a rate-distortion curve
python experiments/sweep.py --latent_dim 2 4 8 16 --folds 5                    # cross-validation
python experiments/sweep.py --prior StandardNormal Vamp --learning_rate 1e-3 3e-4 --seeds 4
"""

from jaxvae.cli.flags import run_script
from jaxvae.commands.sweep import main

if __name__ == "__main__":
    run_script(main)
