"""CUDA from the outside: what a framework was built for, held against driver and GPU. Pure; nothing is imported."""
