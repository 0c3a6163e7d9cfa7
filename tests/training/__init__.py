"""Tests of jaxvae.training."""
