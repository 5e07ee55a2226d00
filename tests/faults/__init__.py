"""Runs of the lab that are disturbed: processes killed, pages that hang, a full disk, Ctrl-C."""
