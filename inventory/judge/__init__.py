"""From assets and evidence to verdicts: gaps, open questions, levels."""
