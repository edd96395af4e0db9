"""Reading environments from the outside: files and folders, never a program."""
