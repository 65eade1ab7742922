"""Building blocks shared by the applications: one network a file."""
