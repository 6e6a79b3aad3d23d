"""The worker's process: it survives restarts of the database and shows that it lives."""

import logging
from datetime import timedelta
from threading import Event

from django.db import Error, connections
from django.utils import timezone
from django_tasks_db.management.commands import db_worker

from backoffice.bulk.jobs.cleanup import sweep_orphans
from backoffice.bulk.jobs.tasks import recover_lost
from backoffice.bulk.models import Batch, Worker
from backoffice.operations.threads import Thread

BEAT = 5  # seconds
ALIVE_WITHIN = timedelta(seconds=30)
FORGOTTEN_AFTER = timedelta(days=1)
log = logging.getLogger("backoffice.bulk.worker")


def is_any_alive() -> bool:
    """Whether a worker has shown a sign of life lately."""
    lately = timezone.now() - ALIVE_WITHIN
    # On SQLite a worker that writes blocks its own sign of life; its batch shows one.
    running = Batch.objects.under_work().filter(run__begun_at__isnull=False)
    return (
        Worker.objects.filter(seen_at__gte=lately).exists()
        or running.filter(run__touched_at__gte=lately).exists()
    )


class SteadyWorker(db_worker.Worker):
    """The library's worker, which goes on after a lost connection to the database."""

    def run(self) -> None:
        sweep_orphans()  # what killed processes stored without a row
        is_over = Event()
        beat = Thread(target=self._beat, args=(is_over,), name="worker", daemon=True)
        beat.start()
        try:
            while self.running and not self._has_worked():
                is_over.wait(BEAT)
        finally:
            is_over.set()
            beat.join(BEAT)

    def _has_worked(self) -> bool:
        try:
            super().run()
        except Error as error:
            log.error("The database is lost: %s", str(error).strip())
            connections.close_all()
            return False
        return True

    def _beat(self, is_over: Event) -> None:
        """Show that this worker lives, and recover what dead workers left."""
        while True:
            try:
                self._show()
                recover_lost()
            except Error as error:
                log.warning("No sign of life could be kept: %s", str(error).strip())
            finally:
                connections.close_all()  # a thread of our own has its own
            if is_over.wait(BEAT):
                break
        Worker.objects.filter(name=self.worker_id).delete()

    def _show(self) -> None:
        now = timezone.now()
        Worker.objects.update_or_create(name=self.worker_id, defaults={"seen_at": now})
        Worker.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()
