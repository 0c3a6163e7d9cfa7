"""Tests of jaxvae.data."""
