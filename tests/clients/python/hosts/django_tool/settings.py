"""From the environment: TOOL_DATABASE, a file or what libpq needs; TOOL_ANNOSCOPE, the ingest port."""

import os

SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "django_tool.urls"
WSGI_APPLICATION = "django_tool.servers.wsgi"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "annoscope_recorder.django",
    "django_tool",
]
MIDDLEWARE = [
    "annoscope_recorder.django.middleware.RecorderMiddleware",
    "django_tool.views.BasicAuthentication",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if "dbname=" in os.environ["TOOL_DATABASE"]:
    _parts = dict(part.split("=") for part in os.environ["TOOL_DATABASE"].split())
    _database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _parts["dbname"],
        "USER": _parts["user"],
        "HOST": _parts["host"],
    }
else:
    _database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["TOOL_DATABASE"],
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
    }
DATABASES = {"default": {**_database, "ATOMIC_REQUESTS": True}}

ANNOSCOPE_URL = os.environ.get("TOOL_ANNOSCOPE")
