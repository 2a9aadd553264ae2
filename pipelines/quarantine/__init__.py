"""Refused rows: kept, repaired, and back in their window."""
