"""Shops, catalogues, orders and conversations as plain values: no I/O, clock or randomness."""
