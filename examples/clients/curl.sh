#!/bin/sh
# curl 7.88.1 (Debian 12). "$@" holds further flags of curl, such as --retry-all-errors.
exec curl -sS --fail --retry 4 "$@" --data-binary @- \
  -H "Authorization: Bearer $TAILRACE_TOKEN" -H 'Content-Type: application/x-ndjson' "$TAILRACE_URL"
