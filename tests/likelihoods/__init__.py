"""Tests of jaxvae.likelihoods."""
