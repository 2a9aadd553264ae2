"""Groups of commands of the command line, one a file."""
