"""Any database that SQLAlchemy reaches, window by window."""
