"""Writes the pages and pictures of `docs/` that are made from what they describe."""
