"""Searches for the best sequence, with any model that gives one step."""
