"""The `dlapps` command."""
