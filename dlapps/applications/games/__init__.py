"""Games: which action to take next in an environment, learned by playing."""
