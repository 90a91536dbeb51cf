"""What a scan would send, before it is sent: its parts, cost, seconds, and the page to sign."""
