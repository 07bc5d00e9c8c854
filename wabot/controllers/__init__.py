"""HTTP requests to use cases and back."""
