"""What a pipeline says at GitHub or GitLab: comments and issues that it finds again by a marker."""
