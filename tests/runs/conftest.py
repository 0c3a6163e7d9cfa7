"""What a run from Python is compared with: the same run by a script."""

from tests.experiments.conftest import script

__all__ = ["script"]
