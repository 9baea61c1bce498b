"""One job and its whole story."""
