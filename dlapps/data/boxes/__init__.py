"""Objects in images and the boxes around them."""
