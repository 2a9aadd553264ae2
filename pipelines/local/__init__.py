"""Airflow and MLflow on this machine: started on loopback, watched, measured and stopped."""
