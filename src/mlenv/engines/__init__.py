"""Engines plan: values in, commands out, and parsers of what the engines print. Nothing here runs anything."""
