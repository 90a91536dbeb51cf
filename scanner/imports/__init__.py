"""Evidence that others took: captures, nmap reports, bundles."""
