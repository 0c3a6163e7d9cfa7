"""Examples of which only a part was seen, and examples with a condition or a label."""
