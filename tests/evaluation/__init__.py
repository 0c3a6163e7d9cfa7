"""Tests of jaxvae.evaluation."""
