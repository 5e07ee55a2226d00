"""The command line: the commands, and what they print. The other folders of lab/ do the work."""
