"""A local fal and a local Discord that speak the real protocols over loopback."""
