"""Tests of jaxvae.bijectors."""
