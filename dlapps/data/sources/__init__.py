"""Where data come from: published sets, and the user's own folders."""
