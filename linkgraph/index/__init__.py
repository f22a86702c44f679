"""Links, bucketed and sorted by their target, beside the ranks of every domain and host: a build that readers open."""
