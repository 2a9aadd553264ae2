"""What `tidegraph graph` tells: graphs at rest, looked at and put into words."""
