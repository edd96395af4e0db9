"""The engine ``conda``: solve, lock and install packages of conda through py-rattler, without conda."""
