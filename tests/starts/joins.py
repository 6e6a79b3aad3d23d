"""Eight parallel joins at once on the embedded server: each wants 24 MB of shared memory."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2

from backoffice.operations.server_guard import start_throwaway

TABLES = """
CREATE TABLE one AS SELECT i, repeat('x', 50) AS text FROM generate_series(1, 1000000) i;
CREATE TABLE other AS SELECT * FROM one;
ANALYZE one;
ANALYZE other;
"""
PARALLEL = (
    "SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0; "
    "SET max_parallel_workers_per_gather = 2"
)


def join(address: str) -> int:
    """Rows of a join, found by several processes."""
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(PARALLEL)
        cursor.execute("SELECT count(a.text || b.text) FROM one a JOIN other b USING (i)")
        return cursor.fetchone()[0]


def main() -> None:
    """Print what each counted."""
    address = start_throwaway("backoffice")
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        connection.commit()
    with ThreadPoolExecutor(8) as threads:
        for rows in threads.map(join, [address] * 8):
            print(rows)


if __name__ == "__main__":
    main()
