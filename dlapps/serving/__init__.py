"""Exported models behind TF Serving's REST API, requests of many clients joined into batches."""
