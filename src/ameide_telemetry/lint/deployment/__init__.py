"""Deployment files: what they start, as commands with their folders, variables and evidence."""
