"""Plans, sends, listens: everything that touches the network or the terminal."""
