"""What the two adapters to Apache Jackrabbit share: `jackrabbit` and `jackrabbit_embedded`."""
