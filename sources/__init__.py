"""Where events and catalogues come from: one connector a file."""
