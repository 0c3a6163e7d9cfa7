"""What a type checker must accept of a user's code; pyright reads these files and nothing runs them."""
