"""Who may serve: by the rules, by a person, and by undoing; and the proof that it does."""
