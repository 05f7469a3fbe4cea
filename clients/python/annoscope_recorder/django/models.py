"""The outbox's tables, as `rows.py` reads them."""

from django.db import models


class WaitingEvent(models.Model):
    """An event that annoscope does not have yet."""

    id = models.BigAutoField(primary_key=True)
    event = models.TextField()

    class Meta:
        db_table = "annoscope_outbox"


class RefusedEvent(models.Model):
    """An event that annoscope will never take as it is."""

    id = models.BigAutoField(primary_key=True)
    event = models.TextField()
    reason = models.TextField()
    # Unix seconds.
    refused_at = models.BigIntegerField()

    class Meta:
        db_table = "annoscope_outbox_refused"


class Lease(models.Model):
    """Which relay sends."""

    id = models.IntegerField(primary_key=True)
    holder = models.TextField()
    # Unix milliseconds.
    held_until = models.BigIntegerField()

    class Meta:
        db_table = "annoscope_outbox_lease"
