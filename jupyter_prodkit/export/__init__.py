"""Marked cells become an installable package with typed settings, a command, tests and the lock."""
