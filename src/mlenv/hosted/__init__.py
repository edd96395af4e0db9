"""Hosted runtimes (Colab, Kaggle, ...): which one it is, what it cannot do without, what a lock asks of its image."""
