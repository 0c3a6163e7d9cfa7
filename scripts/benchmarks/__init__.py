"""What `scripts/benchmark.py` times: one task a file, and the peers to compare with."""
