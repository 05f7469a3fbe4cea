"""The app's name."""

from django.apps import AppConfig


class RecorderConfig(AppConfig):
    """annoscope's outbox."""

    name = "annoscope_recorder.django"
    label = "annoscope_recorder"
    verbose_name = "annoscope recorder"
    default_auto_field = "django.db.models.BigAutoField"
