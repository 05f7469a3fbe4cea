"""Django's command line for the annotation server in `django_tool`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_tool.settings")
    execute_from_command_line(sys.argv)
