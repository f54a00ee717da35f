"""Celery as the ledger uses it: a message is a hint that carries a job id, acknowledged when it arrives.

    celery -A workers.app worker -Q render -c 1      one process for each queue: fast, render

Late acknowledgement was tried and refused: a task that kills its worker then runs for ever (11 times in
20 s), a lost worker is noticed after 102 s, a slow task is started twice, and celery 5.7.0 dies on the
late ack after a restart of Redis. Recovery is the ledger's: lease, sweep, fence.
"""

from __future__ import annotations

import os

os.environ.setdefault(
    "REMAP_SIGTERM", "SIGQUIT"
)  # pool processes then ignore SIGTERM; see lease.py

from celery import Celery

from workflow.settings import Settings

SETTINGS = Settings.from_env()

app = Celery("terjime", broker=SETTINGS.redis_url, include=["workers.tasks", "workers.lease"])
app.conf.update(
    # The message is gone once the task has started: the ledger knows what became of it.
    task_acks_late=False,
    task_reject_on_worker_lost=False,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,  # fetch only when a process is free
    broker_transport_options={
        "visibility_timeout": 3600,
        "health_check_interval": 25,
    }
    | ({} if SETTINGS.redis_url.startswith("redis+socket") else {"socket_keepalive": True}),
    # State is in the database; no results, no chords.
    task_ignore_result=True,
    result_backend=None,
    task_serializer="json",
    accept_content=["json"],
    # A blip of Redis must not kill a two-hour render; the fence makes a duplicate harmless.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_max_tasks_per_child=200,  # a part of a render is a task of seconds
    worker_max_memory_per_child=600_000,  # kB
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # the default gives up after 100
    task_publish_retry_policy={
        "max_retries": 3,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 1,
    },
    worker_soft_shutdown_timeout=20,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    task_default_queue="fast",
)


def ask(queue: str) -> None:
    """Ask through a queue whether anybody listens; what nobody took for an hour is dropped."""
    app.send_task("terjime.ping", args=[queue], queue=queue, expires=3600)


def publish(queue: str, job_id: str) -> None:
    """Send the hint that a job waits. Raises kombu's OperationalError when there is no broker."""
    app.send_task(f"terjime.{queue}", args=[job_id], queue=queue)
