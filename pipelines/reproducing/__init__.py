"""Reproducing: a past version rebuilt from its lineage in a folder of its own, and compared with what it was."""
