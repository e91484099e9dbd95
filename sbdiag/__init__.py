"""Read macOS sandbox denials anywhere, explain them, and write the minimal rules."""
