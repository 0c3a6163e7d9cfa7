"""Evaluate the best checkpoint of a run on its test set.

python experiments/evaluate.py runs/digits-1
python experiments/evaluate.py runs/digits-1 --num_samples 20000 --num_repeats 3 --target_error 0.01
python experiments/evaluate.py runs/photographs-1 --data new_place/photographs
python experiments/evaluate.py runs/digits-1 --metrics likelihood gaps annealed --markdown
"""

from jaxvae.cli.flags import run_script
from jaxvae.commands.evaluate import main

if __name__ == "__main__":
    run_script(main)
