"""Would Restart & Run All give what is shown? The simulated clean run, the rules, the report."""
