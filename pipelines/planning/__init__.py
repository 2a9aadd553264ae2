"""What is known before an update, by which the policy chooses."""
