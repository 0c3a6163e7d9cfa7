"""The scripts, used as their user would."""
