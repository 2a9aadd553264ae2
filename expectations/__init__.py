"""What each table, graph and prediction promises, as Great Expectations suites in code."""

import os

# read once, when great_expectations is first imported: checking data must not call home
os.environ["GX_ANALYTICS_ENABLED"] = "False"
