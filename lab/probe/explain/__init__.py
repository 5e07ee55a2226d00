"""Explains a network log that a user recorded: which requests waited, how long, for what limit, and what held their places.

Rules. The log says what the browser did; nothing is said that it does not say. What is inferred is marked `derived`. No limit
in numbers is known here: a limit is what the log calls one, its value what the log says, or what was in use. Query values,
cookies and user names never leave the readers (lab/probe/explain/redact.py).

How it works. `source` opens the file, whatever it is packed in, and tells which kind of log it is. One reader a kind (`netlog`,
`mozlog`) goes through the file once and tells a `Recorder` what happens to each request: asked, waits, served, ended. The
recorder keeps what matters to a wait, and makes the `History`. `explanation` puts the waits together by what they waited for.
`words`, `terminal`, `drawing` and `page` tell that.

The readers in lab/browser/logs/ are others: they follow a growing log, and know only what is held now. The names of events and
the patterns of lines are theirs, and are imported from there.

What is still ugly. A log of several browsers, or of Firefox's child processes, is explained a file at a time.
"""

from __future__ import annotations

from pathlib import Path

from lab.probe.explain import mozlog, netlog, netlog_events
from lab.probe.explain.explanation import Explanation, explained
from lab.probe.explain.history import History
from lab.probe.explain.source import Progress, Source, foreign
from lab.text import clean


def explain(path: Path, progress: Progress = lambda _, __: None) -> Explanation:
    """The explanation of a log. `progress` is called with bytes read and the file's size. Raises UsageError, with the reason,
    if the file is missing, empty, cut off before anything happened, or no log at all."""
    source = Source(path, progress)
    return explained(history(source), clean(path.name), source.size)


def history(source: Source) -> History:
    """What happened, according to a log of either kind."""
    head = source.head()
    if not head.strip():
        raise source.unusable("was cut off before its first line" if source.cut else "is empty")
    if head.lstrip().startswith(b"{") and (known := netlog_events.constants(source)) is not None:
        return netlog.read(source, known)
    if mozlog.is_mozlog(head):
        return mozlog.read(source, head)
    raise source.unusable(f"is no log that can be explained: {foreign(head)}")
