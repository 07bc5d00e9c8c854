"""The way of a message: accept, turn, send, close."""
