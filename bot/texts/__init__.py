"""What people read of typed facts, for chat and console alike: pure functions, no library."""
