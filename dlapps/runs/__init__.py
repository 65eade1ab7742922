"""Runs: directories in which a config is trained, measured, asked and shown."""
