"""The flagship recommender: channels of the interest graph, mixed by a listwise gate."""
