"""The tests, in folders that mirror the rooms; `contract/` and `end_to_end/` cross them."""
