"""Formats of other systems: each file is recognised by its header and read as a native kind."""
