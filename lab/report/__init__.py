"""results.json → one self-contained HTML file. Never a browser, never the network."""
