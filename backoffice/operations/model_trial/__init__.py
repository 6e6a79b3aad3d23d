"""Trying every model on the real database: the deed behind `test_models`. Nothing is kept."""
