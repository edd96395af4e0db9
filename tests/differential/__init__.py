"""mlenv's verdict against that of the tool that wrote the lock: ``python -m differential``."""
