"""The sizes of the tiny model that the generic tests use: all distinct, so that swapped axes show."""

DATA_SHAPE = (4, 3, 1)
LATENT_DIM = 2
BATCH = 5
SAMPLES = 7
