// The sender of the Tinybird guide "Stream with HTTP Requests" as it stands; only the URL and the token are ours.
// Run: tailrace run --protocol events-api --client 'node examples/tinybird-guide.mjs'
import { text } from 'node:stream/consumers'

// prettier-ignore
async function sendEvents(events){
    const date = new Date();
    events.forEach(ev => {
        ev.date = date.toISOString()
    });
    const headers = {
        'Authorization': `Bearer ${process.env.TAILRACE_TOKEN}`,
    };
    const url = `${process.env.TAILRACE_BASE}/`
    const rawResponse = await fetch(`${url}v0/events?name=hfi_multiple_events_js`, {
        method: 'POST',
        body: events.map(JSON.stringify).join('\n'),
        headers: headers,
    });
    const content = await rawResponse.json();
    console.log(content);
}

const lines = (await text(process.stdin)).trim().split('\n')
await sendEvents(lines.map((line) => JSON.parse(line)))
