"""Layer 2 before a scan: listening, ARP, PROFINET DCP, through the capture helper."""
