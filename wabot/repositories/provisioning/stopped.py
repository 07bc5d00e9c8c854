"""Statements about a tenant whose sending stands still."""

STOPPED = """
SELECT since, reason, code, next_probe_at, (
    SELECT count(*) FROM wabot.inbox WHERE client_id = %(client)s AND state = 'waiting')
FROM wabot.sending_pauses WHERE client_id = %(client)s
"""

# A running server notices within a second.
TRY_SENDING = "UPDATE wabot.sending_pauses SET next_probe_at = now() WHERE client_id = %(client)s"

# Everybody's at once: what waits is not counted.
ALL_STOPPED = """
SELECT client_id, since, reason, code, next_probe_at, 0 FROM wabot.sending_pauses
"""
