"""Pitwire: the newswire bot for motorsport communities."""

__version__ = "0.1.0"
