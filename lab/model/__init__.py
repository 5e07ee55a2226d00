"""Values that the folders of lab/ hand to each other: frozen structs, which import only each other, the standard library and msgspec."""
