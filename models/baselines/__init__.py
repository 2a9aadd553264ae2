"""What our model has to beat: simple recommenders, tuned with the same care."""
