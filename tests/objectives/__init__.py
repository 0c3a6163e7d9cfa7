"""Tests of jaxvae.objectives."""
