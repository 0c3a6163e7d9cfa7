"""Tests of jaxvae.priors."""
