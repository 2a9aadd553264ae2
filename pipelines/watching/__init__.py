"""The daily watch: what was published is graded by what came, and a champion proven worse is rolled back."""
