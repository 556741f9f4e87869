"""The report in the forms in which people and programs read it: text, HTML, SARIF, GitHub annotations."""
