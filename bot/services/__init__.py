"""Use cases: core rules, storage and ports put together; names no library."""
