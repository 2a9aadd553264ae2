"""The interest graph at rest, and folding what came into it."""
