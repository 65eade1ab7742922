"""Networks that say what is in a photo, from the maps that another network has of it."""
