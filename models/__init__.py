"""Pure: graph and tensors in, tensors and verdicts out. Knows no file, server or clock."""
