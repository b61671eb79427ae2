/** Where answers send the client, and when they say that it may come back. */
import { describe, expect, it } from 'vitest'
import type { FaultOf } from '../../src/fault.ts'
import { RawClient } from '../testing/raw-client.ts'
import { ndjson, post, serving } from '../testing/serving.ts'

/** The header fields of the answer to a POST to `path`. */
async function fieldsOf(fault: Partial<FaultOf<'http_error'>>, path = '/'): Promise<Map<string, string>> {
  const whole = { type: 'http_error', status: 307, ...fault } as const
  await using server = await serving([{ id: 'r', on: 'response-head', taken: false, fault: whole }])
  const client = await RawClient.to(server.port)
  client.send(post(ndjson(0, 0), path))
  const [head = ''] = (await client.until('\r\n\r\n')).split('\r\n\r\n')
  client.socket.destroy()
  const lines = head.split('\r\n').slice(1)
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(' ') + 1)]),
  )
}

describe('Location', () => {
  it.each([
    ['same', '/a', 'http://test/a?moved=1'],
    ['same', '/a?b=c%20d+e', 'http://test/a?b=c%20d+e&moved=1'],
    ['same', '/a?moved=1&b=c', 'http://test/a?moved=2&b=c'],
    ['same', '/a?b=c&moved=9', 'http://test/a?b=c&moved=10'],
    ['same', '/a?unmoved=1', 'http://test/a?unmoved=1&moved=1'],
    ['other', '/a?b=c%20d', 'http://localhost/a?b=c%20d'],
    ['other', '/a?token=tk&b=c', 'http://localhost/a?b=c'],
    ['other', '/a?token=tk', 'http://localhost/a'],
  ] as const)('%s of %s', async (location, path, expected) => {
    expect((await fieldsOf({ location }, path)).get('location')).toBe(expected)
  })
})

describe('Location to a client that names no host', () => {
  it('is relative', async () => {
    await using server = await serving([
      {
        id: 'r',
        on: 'response-head',
        taken: false,
        fault: { type: 'http_error', status: 308, location: 'same' },
      },
    ])
    const client = await RawClient.to(server.port)
    const body = ndjson(0, 0)
    client.send(`POST /a HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    expect((await client.until('\r\n\r\n')).toLowerCase()).toContain('\r\nlocation: /a?moved=1\r\n')
    client.socket.destroy()
  })
})

describe('Date', () => {
  const now = 'Thu, 01 Jan 2026 00:00:00 GMT'

  it('is in every answer, and is the one that a date is counted from', async () => {
    expect((await fieldsOf({})).get('date')).toBe(now)
    const fields = await fieldsOf({ retry_after_s: 90, retry_after_form: 'date', headers: { date: 'never' } })
    expect([fields.get('date'), fields.get('retry-after')]).toEqual([now, 'Thu, 01 Jan 2026 00:01:30 GMT'])
    expect((await fieldsOf({ retry_after_s: 90, retry_after_form: 'seconds' })).get('retry-after')).toBe('90')
  })
})
