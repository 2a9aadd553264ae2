"""Choosing the settings of every model with the same care: the same number of trials, on earlier spans only."""
