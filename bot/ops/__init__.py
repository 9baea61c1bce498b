"""What the host watches: logs, and health over a small web server."""
