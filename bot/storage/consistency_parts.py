"""Of the check: what one part of it is."""

Part = tuple[str, str]
"""A sentence with `{thing}`, `{expected}` and `{found}`, and the query for what it is to name.

The query answers with texts of those three names: which thing, its figure where it should be, its
figure as found. `$1` is now, or NULL.
"""
