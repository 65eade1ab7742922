"""Speech: which keyword is spoken in a recording."""
