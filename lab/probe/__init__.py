"""The probe: a user's own app, seen on the wire and in browsers.

Start reading at probe.py. The *wire* part (wire/) is a plain client of its own, which sees what browsers and libraries hide:
SETTINGS, the boundaries of reads, the moment of the header. The *browser* part opens the app in tabs, counts the requests that
stay open, predicts at which tab the app hangs, and opens tabs to verify it. Apart from both, explain/ tells what a network log
says that the user recorded.

Rules.
1. Only the URLs that the user named, and what their pages load, are asked. Nothing is crawled, and nothing but GET and HEAD is
   sent unasked.
2. Nothing secret is recorded: no cookie, no value of a query, no body (address.py).
3. No browser's limit is written here. Limits are measured in the same browser, in a short cell of the lab's own origin.
4. A foreign server keeps no ledger, and the verdict says so.
"""
