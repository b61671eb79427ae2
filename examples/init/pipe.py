# Driver for tailrace. Run: tailrace run --client 'python3 driver.py'
import os
import sys
import urllib.request

url, token = os.environ["TAILRACE_URL"], os.environ["TAILRACE_TOKEN"]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
# Your library in place of urllib: give it each line of stdin; exit 0 once all are delivered, not 0 when some are not.
urllib.request.urlopen(urllib.request.Request(url, sys.stdin.buffer.read(), headers)).read()
