"""What every test may use: the cast of people."""

import os

os.environ["DJANGO_ENV"] = "test"
