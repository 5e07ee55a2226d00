"""Values that cross rooms: frozen structs. They import only each other, the standard library and msgspec."""
