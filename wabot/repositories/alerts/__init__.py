"""SQL behind the alerts."""
