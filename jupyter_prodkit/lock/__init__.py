"""Exact pins with hashes of what the live kernel loaded, through uv."""
