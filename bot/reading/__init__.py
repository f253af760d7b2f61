"""What one article says: its text, language, series, summary, spoiler and label. Pure functions."""
