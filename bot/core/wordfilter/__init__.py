"""Forbidden words, found through the disguises that people give them."""
