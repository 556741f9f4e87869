"""From what was locked, exported and pushed to an image that is proved to serve the notebook's predictions."""
