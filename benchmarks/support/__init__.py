"""What several benchmarks share: the mini-web on loopback, Scrapy peers, processes and their costs, crash trials."""
