"""From a readable point to a signal: units, names, typed meaning, and the courage to abstain."""
