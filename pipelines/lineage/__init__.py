"""Lineage: what an update ties together, and, asked from either end, which models came of what."""
