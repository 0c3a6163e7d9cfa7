"""Tests of jaxvae.report."""
