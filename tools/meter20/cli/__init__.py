"""The `meter20` command: a module for each command or group of commands."""
