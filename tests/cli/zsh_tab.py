#!/usr/bin/env python3
"""What zsh makes of a line when TAB is pressed after it.

    zsh_tab.py COMPLETION_SCRIPT LINE EXPECTED

Types LINE and TAB at a real zsh on its own terminal; a key then writes the line to a file. Prints what it
is when it is not EXPECTED.
"""
import os
import pty
import select
import sys
import tempfile
import time

script, line, expected = sys.argv[1:]
folder = tempfile.mkdtemp()
answer = os.path.join(folder, "answer")
with open(os.path.join(folder, ".zshrc"), "w", encoding="utf-8") as rc:
    rc.write(f"""
autoload -Uz compinit && compinit -u -d {folder}/dump
zstyle ':completion:*' menu no
setopt no_auto_remove_slash no_auto_param_slash
unsetopt auto_remove_slash
source {script}
PROMPT='ready> '
save-line() {{ print -r -- "$BUFFER|" >{answer}.new; command mv {answer}.new {answer}; exit }}
zle -N save-line
bindkey '^Xw' save-line
""")
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(ZDOTDIR=folder, TERM="dumb", LC_ALL="C")
    os.execvp("zsh", ["zsh", "-i", "--no-globalrcs"])

end, seen, typed = time.monotonic() + 30, b"", False
while not os.path.exists(answer) and time.monotonic() < end:
    readable, _, _ = select.select([terminal], [], [], 0.05)
    if readable:
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            break
    if not typed and b"ready> " in seen:
        os.write(terminal, line.encode() + b"\t\x18w")
        typed = True
os.close(terminal)
os.waitpid(pid, 0)
if not os.path.exists(answer):
    print("no answer:", seen)
    sys.exit(1)
with open(answer, encoding="utf-8") as text:
    found = text.read().rstrip("\n")
for name in os.listdir(folder):
    os.remove(os.path.join(folder, name))
os.rmdir(folder)
if found != expected + "|":
    print(f"found {found!r}, expected {expected!r}")
sys.exit(found != expected + "|")
