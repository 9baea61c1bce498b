"""The only room that knows SQL: jobs, ledger, rules, over SQLite or PostgreSQL."""
