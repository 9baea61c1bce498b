"""What was spent, as figures and as a chart."""
