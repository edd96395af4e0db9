"""Where a project goes next: the files that a platform needs, from the project's lock. Pure: texts in memory."""
