"""What the host watches: logs and health."""
