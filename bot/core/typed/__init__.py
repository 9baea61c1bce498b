"""What people type, read: amounts, durations, ranges of days, time zones."""
