"""What is seen of a champion while it serves: has it become worse, has the world changed, is a retrain due? Pure."""
