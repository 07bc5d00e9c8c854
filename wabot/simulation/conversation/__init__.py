"""Conversations with the real server: sent as Meta sends them, typed or read from `.chat` files."""
