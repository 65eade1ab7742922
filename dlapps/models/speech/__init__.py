"""Networks on recordings."""
