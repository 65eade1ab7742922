"""Transcription: a recording in, what is said in it out."""
