"""Every route."""

from django.urls import path

from django_tool import views

urlpatterns = [
    path("projects", views.create_project),
    path("projects/<int:project_id>", views.delete_project),
    path("tasks", views.create_task),
    path("jobs/<int:job_id>", views.change_job),
    path("jobs/<int:job_id>/import", views.import_annotations),
    path("fail", views.fail),
    path("projects-then-die", views.create_and_die),
]
