"""Whether running servers work for a client, as a condition of statements."""

# Of a row `cl` of clients; `now` is business time, by which a plan's dates come.
IS_SERVED = "(cl.status = 'active' AND coalesce(cl.suspended_from > %(now)s, true))"
