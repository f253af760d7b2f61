"""Figures on labelled articles that are not part of the project: `make eval DATA=folder`."""
