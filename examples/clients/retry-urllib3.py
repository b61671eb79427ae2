# urllib3 1.26.12 (Debian's python3-urllib3): Retry, allowed to repeat a POST. An exception exits with 1, which tells.
import os
import sys
import urllib3

retry = urllib3.Retry(4, backoff_factor=0.1, status_forcelist=[408, 429, *range(500, 600)], allowed_methods=None)
headers = {"Authorization": "Bearer " + os.environ["TAILRACE_TOKEN"], "Content-Type": "application/x-ndjson"}
http, body = urllib3.PoolManager(retries=retry, timeout=10), sys.stdin.buffer.read()
response = http.request("POST", os.environ["TAILRACE_URL"], body=body, headers=headers)
sys.exit(0 if 200 <= response.status < 300 else 10)
