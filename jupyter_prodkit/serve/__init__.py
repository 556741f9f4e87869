"""The pushed model answers over HTTP on this machine, as a process or in a container."""
