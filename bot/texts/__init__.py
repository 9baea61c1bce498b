"""Sentences that both chat and the console say: functions of typed facts, without any library."""
