"""Trying every model on the real database: the work behind `test_models`. Nothing is kept."""
