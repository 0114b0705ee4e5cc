"""Everything that knows a product or an engine by name; one kind = one file."""
