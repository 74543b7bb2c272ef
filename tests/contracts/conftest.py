"""Servers that are started once for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.postgres import PostgresServer, PostgresShop


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[PostgresShop]:
    """An empty shop in PostgreSQL."""
    shop = postgres_server.create()
    yield shop
    shop.remove()
