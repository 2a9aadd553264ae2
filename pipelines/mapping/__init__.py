"""From a source's fields to the contract's: samples, checks, hints."""
