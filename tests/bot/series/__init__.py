"""The catalogue of series."""
