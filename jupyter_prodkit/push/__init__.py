"""The live model becomes a version in an MLflow registry, with the package that serves it and the lock."""
