"""Derives and keeps what is known: records, identity, levels, gap rules, outputs."""
