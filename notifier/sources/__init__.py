"""Shops we read: one file each. A new one is a file here, a line in SHIPPED and a line in the contract suite."""

SHIPPED = {
    "sql": "notifier.sources.sql:SqlSource",
    "http": "notifier.sources.http:HttpSource",
    "files": "notifier.sources.files:FilesSource",
}
