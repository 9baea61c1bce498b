"""What moderators decide: limits, blocks, words, preferences, removals, and the record of it."""
