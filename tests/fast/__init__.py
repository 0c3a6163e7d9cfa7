"""Fast forms beside their plain twins."""
