"""A server's own records as a file."""
