"""Limits, and those whose role or channel is no more."""
