"""Pages and links → immutable Parquet segments that are published by a log, and the data set that readers see."""
