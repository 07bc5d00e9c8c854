"""Load: many customers who hold real conversations at once."""
