"""From descriptions to a run in a folder: data, first state, training, evaluation, sweeps. No words of a shell."""
