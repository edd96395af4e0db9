"""``setup``: give a hosted runtime what a lock says, and move nothing that the host needs."""
