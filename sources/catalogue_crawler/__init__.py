"""A shop's product pages, read politely into versions of items."""
