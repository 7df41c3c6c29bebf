"""Comments and issues of pipelines at GitHub and GitLab, identified by a marker."""
