"""What people can ask, and the answers: one command layer for every platform."""
