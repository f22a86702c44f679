"""Which URLs are pending, leased, done, failed or excluded, and which one is fetched next."""
