"""Tests of jaxvae.networks."""
