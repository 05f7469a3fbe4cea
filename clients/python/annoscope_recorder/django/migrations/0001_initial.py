"""The outbox's tables."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Waiting events, refused ones, and who sends them."""

    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="WaitingEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("event", models.TextField()),
            ],
            options={"db_table": "annoscope_outbox"},
        ),
        migrations.CreateModel(
            name="RefusedEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("event", models.TextField()),
                ("reason", models.TextField()),
                ("refused_at", models.BigIntegerField()),
            ],
            options={"db_table": "annoscope_outbox_refused"},
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("holder", models.TextField()),
                ("held_until", models.BigIntegerField()),
            ],
            options={"db_table": "annoscope_outbox_lease"},
        ),
    )
