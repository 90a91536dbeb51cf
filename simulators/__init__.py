"""Device doubles and plant files; shares no code with the probes."""
