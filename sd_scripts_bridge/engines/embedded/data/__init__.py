"""What the embedded engine trains on: pictures, captions, buckets, batches."""
