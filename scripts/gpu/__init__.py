"""Blocks of work for a GPU: see scripts/gpu_block.py."""
