"""Papers: their data are collected here, in one transaction or a few; ``cloud_sync/papers`` makes documents of them."""
