"""What every service's HTTP side has in common: problems, request ids, limits, tokens, health, the server."""

from shared.web.app import app, require_host
from shared.web.bodies import Body, Line, Text
from shared.web.problems import Problem, problem
from shared.web.server import serve

__all__ = ["Body", "Line", "Problem", "Text", "app", "problem", "require_host", "serve"]
