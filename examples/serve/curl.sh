# The plan is changed between two calls of the client, and in the end the server judges. Run beside:
#   tailrace serve --port 4040 --admin-port 4041
set -eu
url=${TAILRACE_URL:-http://127.0.0.1:4040/} admin=${TAILRACE_ADMIN:-http://127.0.0.1:4041}
trust=${TAILRACE_CA:+--cacert $TAILRACE_CA} # where it runs with --tls
dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT

send() { # a file; prints the status
  curl -sS $trust -o "$dir/answer" -w '%{http_code}\n' -H 'Content-Type: application/x-ndjson' --data-binary "@$1" "$url"
}
steer() { # method, path, body
  curl -sSf -X "$1" "$admin$2" ${3:+--data-binary "$3"}
}

nothing='{"version":1,"seed":"1","rules":[]}'
busy='{"version":1,"seed":"1","rules":[{"id":"busy","key":"global","on":"response-head","taken":false,"fault":{"type":"http_error","status":503}}]}'

steer POST /offer '{"records":10}' > "$dir/records.ndjson"
steer PUT /plan "$busy" > "$dir/generation"
first=$(send "$dir/records.ndjson")
steer PUT /plan "$nothing" > "$dir/generation"
second=$(send "$dir/records.ndjson")
echo "$first, then $second"
[ "$first $second" = '503 202' ]

steer POST /verify '{"checks":["inv.no-loss","inv.no-double"]}' > "$dir/verdict"
grep -m 1 '"verdict"' "$dir/verdict" | grep '"pass"'
