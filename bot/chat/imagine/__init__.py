"""What members use: `/imagine`, `/quota`, their cards and the buttons on them."""
