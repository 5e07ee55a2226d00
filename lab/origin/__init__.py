"""The origin: trio and Hypercorn, one door a protocol, the same ASGI app behind each. Never Playwright."""
