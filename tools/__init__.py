"""What developers run: checks, benches, evaluations, generated pages. Never imported by the bot."""
