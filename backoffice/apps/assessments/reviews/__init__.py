"""Peer reviews: entered beside the work, assigned in pairs, listed by what is missing."""
