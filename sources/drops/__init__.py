"""Reading the files that a user drops: CSV and JSON lines, compressed or not, with every row kept."""
