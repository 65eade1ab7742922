"""Figures that more than one application draws."""
