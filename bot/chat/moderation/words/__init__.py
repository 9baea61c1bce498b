"""Words that no prompt may have."""
