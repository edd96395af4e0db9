/** Pure: whether a notebook asks its project for a package at all. */

/**
 * Modules that no project installs: Python's own, whichever version (`sys.stdlib_module_names`), and what every kernel
 * of mlenv brings along.
 */
const BROUGHT: ReadonlySet<string> = new Set(
  (
    ' IPython __future__ abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore' +
    ' atexit audioop base64 bdb binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd' +
    ' code codecs codeop collections colorsys compileall compression concurrent configparser contextlib' +
    ' contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis' +
    ' distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch' +
    ' fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib' +
    ' heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress ipykernel itertools' +
    ' json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mlenv mmap' +
    ' modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode' +
    ' operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib' +
    ' poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat' +
    ' queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors' +
    ' shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile' +
    ' sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symtable sys' +
    ' sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit' +
    ' tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing' +
    ' unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref' +
    ' xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo'
  )
    .trim()
    .split(' ')
);

const DECLARES = /^# \/\/\/ script|^\s*[%!].*\binstall\b/m;
const FROM = /^\s*from\s+([\p{L}_][\p{L}\p{N}_]*)[\p{L}\p{N}_.]*\s+import\b/gmu;
const IMPORT = /^\s*import\s+([^#;\n]+)/gmu;

/** Whether the text of a notebook's cells imports what Python does not bring, or declares anything. */
export function asksForPackages(sources: ReadonlyArray<string>): boolean {
  return sources.some(
    source =>
      DECLARES.test(source) ||
      modulesOf(source).some(module => !BROUGHT.has(module))
  );
}

/** Top-level modules that a cell imports; one too many (of a text that only looks like it) does no harm. */
function modulesOf(source: string): ReadonlyArray<string> {
  const from = [...source.matchAll(FROM)].map(found => found[1] ?? '');
  const plain = [...source.matchAll(IMPORT)].flatMap(found =>
    (found[1] ?? '').split(',').map(each => each.trim().split(/[.\s]/)[0] ?? '')
  );
  return [...from, ...plain].filter(module =>
    /^[\p{L}_][\p{L}\p{N}_]*$/u.test(module)
  );
}
