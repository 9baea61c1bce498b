"""The log channel: what is posted there, and how it looks."""
