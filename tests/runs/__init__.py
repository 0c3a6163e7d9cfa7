"""Tests of what a run is made of."""
