"""What moderators use, a folder for each feature: its command, its cards, its panel."""
