"""Measurements that print the ratios the README quotes: `make bench`."""
