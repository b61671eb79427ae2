#!/bin/sh
# Four retries, by curl itself. Run: tailrace run --client 'sh examples/ingest-curl.sh'
exec curl -sS --fail --retry 4 --data-binary @- \
  -H "Authorization: Bearer $TAILRACE_TOKEN" -H 'Content-Type: application/x-ndjson' "$TAILRACE_URL"
