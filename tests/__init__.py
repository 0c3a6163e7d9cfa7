"""Tests: they mirror jaxvae/, and a new component needs one row in components.py."""
