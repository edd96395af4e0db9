"""One module per attack; each says its promise in ``CAMPAIGN``."""
