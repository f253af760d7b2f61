"""The platforms: each module sends posts, edits them, and hands commands to one function."""
