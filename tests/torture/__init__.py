"""The promises of mlenv under attack: seeded campaigns of kills, faults and bad neighbours.

``make torture`` runs them all at full length and writes ``results.md``; ``make test`` runs a sample of each.
"""
