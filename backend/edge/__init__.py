"""What API and pages share: who is asking, CSRF, once-only requests, failures, headers."""
