"""Tests of jaxvae.posteriors."""
