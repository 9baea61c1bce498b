"""What is told about the past: usage, exports, losses, and the listings of the command line."""
