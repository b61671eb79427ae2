# One POST, no retry; an exception exits with 1. Run: tailrace run --client 'python3 examples/ingest-requests.py'
import os
import sys

import requests

url, token = os.environ["TAILRACE_URL"], os.environ["TAILRACE_TOKEN"]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
requests.post(url, data=sys.stdin.buffer.read(), headers=headers, timeout=10).raise_for_status()
