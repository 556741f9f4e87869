"""The environment that a kernel runs in: distributions, who owns which module, versions in memory and on disk."""
