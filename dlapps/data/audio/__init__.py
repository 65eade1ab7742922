"""Recordings on their way to a model: decoding and views."""
