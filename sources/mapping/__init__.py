"""From any table to the contract, by configuration alone: what a mapping file says, and how it is done."""
