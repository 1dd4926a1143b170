"""Put the backbone of one network under the neck and head of another."""
