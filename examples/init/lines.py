# Driver for tailrace. Run: tailrace run --rung lines --client 'python3 driver.py'
import json
import sys
import urllib.request


def say(**message):
    print(json.dumps(message), flush=True)


def deliver(start, records):
    """None when the records were delivered, else why not."""
    headers = {"Authorization": f"Bearer {start['token']}", "Content-Type": "application/x-ndjson"}
    body = "".join(json.dumps(record["data"]) + "\n" for record in records).encode()
    try:
        # Your library in place of urllib: give it each record as it comes, and say ack or drop when it does.
        urllib.request.urlopen(urllib.request.Request(start["url"], body, headers)).read()
    except Exception as error:
        return str(error)


start, records = {}, []
say(t="hello", v=1, client="my-client", version="0", lang="python", can=["ingest"], knobs=[])
for line in sys.stdin:
    message = json.loads(line)
    if message["t"] == "start":
        start, records = message, []
    elif message["t"] == "send":
        records.append(message)
    elif message["t"] == "stop":
        why = deliver(start, records) if records else None
        for record in records:
            say(t="drop", id=record["id"], why=why) if why else say(t="ack", id=record["id"])
        records = []
        say(t="done")
