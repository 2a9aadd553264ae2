"""Who is judged on what: contestants, lessons, cohorts, evidence."""
