"""The checks behind `test_models`: every model tried on the real database, then rolled back."""
