"""Reported pictures."""
