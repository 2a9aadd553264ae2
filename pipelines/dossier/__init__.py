"""The dossier: what an update did and why, as a reviewer reads it in the update's MLflow run."""
