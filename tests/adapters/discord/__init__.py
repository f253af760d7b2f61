"""Tests of the Discord adapter, against a small Discord on loopback."""
