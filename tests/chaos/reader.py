#!/usr/bin/python3
"""reader.py: appends standard input to standard output until it ends, or SIGTERM comes: then what is in the pipe is
the last. Nothing is lost that was taken, as by cat, where the signal comes between its read and its write."""
import os
import select
import signal

woken, waker = os.pipe()
os.set_blocking(waker, False)
signal.set_wakeup_fd(waker)
signal.signal(signal.SIGTERM, lambda *_: None)
ended = False
while not ended:
    ready, _, _ = select.select([0, woken], [], [])
    ended = woken in ready
    if ended and not select.select([0], [], [], 0)[0]:
        break
    data = os.read(0, 65536)
    ended = ended or not data
    while data:
        data = data[os.write(1, data):]
