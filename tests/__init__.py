"""The tests mirror lab/. Real peers rather than mocks: raw clients, real browsers, the origin in its own process."""
