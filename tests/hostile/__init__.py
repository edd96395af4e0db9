"""Bad input of every kind, odd names and paths at every entry: one clear answer each, and nothing touched."""
