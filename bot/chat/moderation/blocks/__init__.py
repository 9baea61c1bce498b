"""Blocked members."""
