"""Configs: sections, files, and what is wrong with one."""
