"""A page on which a learner builds a small network and watches it learn."""
