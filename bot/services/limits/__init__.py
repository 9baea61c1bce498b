"""What members may use: limits, gifts, strikes, alerts on budgets, refusals that are noted."""
