"""What Hypercorn is told that its command line does not know; it would hang up after 1,000 requests."""

keep_alive_max_requests = 1_000_000_000
