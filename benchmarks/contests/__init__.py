"""What models are compared on: public data in order of time, as graphs and what came after each."""
