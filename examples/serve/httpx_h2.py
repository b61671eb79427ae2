# The plan is changed between two calls of the client, and in the end the server judges. Run beside:
#   tailrace serve --h2 --port 4040 --admin-port 4041
import os
import ssl

import httpx  # with h2 (httpx[http2])

url = os.environ.get("TAILRACE_URL", "http://127.0.0.1:4040/")
admin = os.environ.get("TAILRACE_ADMIN", "http://127.0.0.1:4041")
ca = os.environ.get("TAILRACE_CA")  # where it runs with --tls
trust = ssl.create_default_context(cafile=ca) if ca else True


def plan(*rules):
    return {"version": 1, "seed": "1", "rules": rules}


fault = {"type": "http_error", "status": 503}
busy = {"id": "busy", "key": "global", "on": "response-head", "taken": False, "fault": fault}

# Without HTTP/1.1 it speaks HTTP/2 at once, in the clear too.
with httpx.Client(http1=False, http2=True, verify=trust) as client, httpx.Client(base_url=admin) as steer:
    records = steer.post("/offer", json={"records": 10}).raise_for_status().content
    steer.put("/plan", json=plan(busy)).raise_for_status()
    first = client.post(url, content=records)
    steer.put("/plan", json=plan()).raise_for_status()
    second = client.post(url, content=records)
    print(f"{first.status_code}, then {second.status_code}, by {second.http_version}")
    assert (first.status_code, second.status_code, second.http_version) == (503, 202, "HTTP/2")

    asked = {"checks": ["inv.no-loss", "inv.no-double"]}
    found = steer.post("/verify", json=asked).raise_for_status().json()
    print(found["verdict"])
    assert found["verdict"] == "pass", found
