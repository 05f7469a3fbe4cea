"""The one who annotates, with her name as the password."""

from django.contrib.auth.hashers import make_password
from django.db import migrations


def add_lena(apps, _schema_editor):
    user = apps.get_model("auth", "User")
    user.objects.create(id=1, username="lena", email="lena@example.com", password=make_password("lena"))


class Migration(migrations.Migration):
    dependencies = (("django_tool", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length"))
    operations = (migrations.RunPython(add_lena, migrations.RunPython.noop),)
