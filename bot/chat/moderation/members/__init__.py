"""One member as moderators see them."""
