"""The overhead benchmark: the same cells in kernels that track and in one that doesn't."""
