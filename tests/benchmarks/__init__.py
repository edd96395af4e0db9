"""Benchmarks: mlenv and what people use instead, side by side in one run.

``make bench`` runs all and writes ``results.md``, ``results.json`` and the plot; ``make bench ONLY=check,create``
shows some and writes nothing, so that the rows of the page always come from one run on one machine.
"""
