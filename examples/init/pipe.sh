#!/bin/sh
# Driver for tailrace. Run: tailrace run --client 'sh driver.sh'
# Your sender in place of curl: it reads a record a line; exit 0 once all are delivered, not 0 when some are not.
exec curl -sS --fail --data-binary @- -H "Authorization: Bearer $TAILRACE_TOKEN" \
  -H 'Content-Type: application/x-ndjson' "$TAILRACE_URL"
