"""Tests of jaxvae.distributions."""
