"""An annotation server on Django: projects with tasks and jobs, on SQLite or PostgreSQL."""
