"""Automated WhatsApp ordering for many local shops."""
