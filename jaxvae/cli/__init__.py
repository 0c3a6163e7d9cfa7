"""From flags to a training run: what the scripts in `experiments/` share."""
