"""The ledger: who served, when and why; append-only, and hash-chained."""
