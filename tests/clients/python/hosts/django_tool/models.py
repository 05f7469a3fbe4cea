"""What is annotated."""

from django.db import models


class Project(models.Model):
    name = models.TextField()


class Task(models.Model):
    name = models.TextField()
    project = models.ForeignKey(Project, models.CASCADE)


class Job(models.Model):
    state = models.TextField(default="new")
    assignee = models.ForeignKey("auth.User", models.SET_NULL, null=True)
    task = models.ForeignKey(Task, models.CASCADE)
