"""The accuracy benchmark of the hidden-state check: sessions are played, really re-run, and compared."""
