"""Use cases of alerts: facts are judged, and what is due is told."""
