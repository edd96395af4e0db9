"""What runs inside a project's kernel: standard library only, Python 3.9+, nothing imported before it is used.

``launcher`` and ``boot`` start the kernel, ``fallback`` is the kernel that explains why the real one cannot start,
``session`` gives it the magics and the watcher.
"""
