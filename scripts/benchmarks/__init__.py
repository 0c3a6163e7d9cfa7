"""What `scripts/benchmark.py` times: one task a file, and the peers that stand beside ours."""
