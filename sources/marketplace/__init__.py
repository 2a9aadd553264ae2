"""A simulated marketplace whose truth is known; everything it makes is labelled as simulated."""
