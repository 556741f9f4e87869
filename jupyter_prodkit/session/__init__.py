"""What the kernel did: executions and the versions of names, tracked, and our own driver."""
