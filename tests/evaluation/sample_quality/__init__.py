"""Tests of sample quality."""
