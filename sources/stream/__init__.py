"""A message broker: a consumer group listens, and every event lands in its window once."""
