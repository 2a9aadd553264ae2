"""The gate: may the candidate become champion? A pure decision from what was measured, with its reasons."""
