"""Style transfer: photos as a painter would have painted them, and what a network dreams."""
