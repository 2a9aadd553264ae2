"""A version as it serves: its files and package, its answers, its published lists."""
