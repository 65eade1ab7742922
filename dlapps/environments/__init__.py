"""Environments of gymnasium: what an agent plays in, remembers and is measured by."""
