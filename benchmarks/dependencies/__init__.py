"""A notebook whose dependencies are hard to find, an environment for it, and the tools that look for them."""
