"""``export PLATFORM``: gather what of the project counts, write the platform's files, leave somebody's own alone."""
