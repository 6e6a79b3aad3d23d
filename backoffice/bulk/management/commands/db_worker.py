"""Run what waits in the queue: large imports."""

from typing import Any

from django_tasks_db.management.commands import db_worker

from backoffice.bulk.jobs.worker import SteadyWorker


class Command(db_worker.Command):
    """The library's own, with a worker that shows that it lives and stays when the database goes.

    It is not started anew when code changes: that would kill the import under way.
    """

    help = "Reads and applies large imports; start one beside the web server."

    def handle(self, **options: Any) -> None:
        self.configure_logging(options["verbosity"])
        names = ("interval", "batch", "backend_name", "startup_delay", "max_tasks", "worker_id")
        excluded = options["exclude_queues"]
        worker = SteadyWorker(
            queue_names=options["queue_name"].split(","),
            excluded_queue_names=excluded.split(",") if excluded else [],
            **{name: options[name] for name in names},
        )
        worker.configure_signals()
        worker.run()
