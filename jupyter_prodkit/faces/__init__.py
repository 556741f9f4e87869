"""The faces: magics, command line and panel, three thin ways to the same steps."""
