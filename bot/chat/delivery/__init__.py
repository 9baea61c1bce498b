"""Pictures on their way to members: by which route, how fast, and how large."""
