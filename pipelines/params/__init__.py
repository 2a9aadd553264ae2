"""What params.yaml may hold, section by section, and how it is read."""
