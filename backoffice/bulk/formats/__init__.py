"""Formats a registrar has in hand: each file is told by its header and read as a kind of ours."""
