"""Captures: reading files of packets, and what they say about the devices of a plant."""
