"""From flags to a training run: the command line behind the scripts in `experiments/`."""
