"""Where tables are computed: DuckDB in this process, or Spark."""
