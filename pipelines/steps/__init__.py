"""One module a step, one public `run` in each; `pipelines.runner` gives them order, locks and records."""
