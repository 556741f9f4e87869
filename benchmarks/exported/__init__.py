"""What tools make of real notebooks' marked cells, compared with what the notebooks compute."""
