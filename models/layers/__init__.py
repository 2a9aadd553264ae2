"""Layers of graph networks that models share."""
