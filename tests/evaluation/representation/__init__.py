"""Tests of jaxvae.evaluation.representation."""
