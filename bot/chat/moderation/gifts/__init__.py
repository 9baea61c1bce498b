"""Pictures or dollars beyond the limits."""
