"""The document: cells, marks, the names a cell binds and reads, and how they flow."""
