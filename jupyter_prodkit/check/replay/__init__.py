"""Really running the page, or its beginning, in a kernel of its own where it can't do harm."""
