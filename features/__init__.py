"""Pure: tables in, interest graph out. Knows no file, server or clock."""
