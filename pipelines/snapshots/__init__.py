"""Accepted rows under tags: the data registry, and reading rows back from it."""
