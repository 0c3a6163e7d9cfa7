"""Tests of jaxvae.cli."""
