/** The reference client behind TLS, against the reference server on a socket: it takes what ALPN chooses. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveAt } from '../../fakes/server.ts'
import { entriesOf, ndjson, optionsFor } from '../../fakes/testing/serving.ts'
import { authority } from '../../fakes/tls/certificates.ts'
import { realClock } from '../clock.ts'
import type { EntryOf } from '../entry.ts'
import type { Rule } from '../plan/plan.ts'
import { ingestClient } from './reference.ts'
import type { Closed } from './reference.ts'

interface Met {
  readonly closed: Closed
  readonly opens: readonly string[]
  readonly requests: readonly EntryOf<'request'>[]
  readonly warnings: readonly string[]
}

async function meet(rules: readonly Rule[], config: object = {}, ca?: string): Promise<Met> {
  const options = { ...optionsFor(rules, realClock()), tls: true, h2: true }
  const server = await serveAt(options)
  onTestFinished(() => server.stop())
  const warnings: string[] = []
  const client = ingestClient({
    url: server.url,
    token: options.token,
    ca: ca ?? server.authority ?? '',
    config: { 'batch.max_events': 1, concurrency: 2, 'retry.max_attempts': 3, ...config },
    sleep: () => Promise.resolve(),
    warn: (line) => warnings.push(line),
  })
  for (const line of ndjson(0, 9).trimEnd().split('\n')) await client.add(line)
  const closed = await client.close()
  const { entries } = options.ledger
  const opens = entriesOf(entries, 'open').map(({ proto }) => proto)
  return { closed, opens, requests: entriesOf(entries, 'request'), warnings }
}

/** A lane that gave up rests for so long. */
const quick = { 'retry.base_ms': 1, 'retry.max_ms': 10 }

const tls = (fault: Rule['fault'], when: Rule['when'] = {}): Rule => ({
  id: 'tls',
  on: 'tls',
  key: 'connection',
  when,
  ...(fault ? { fault } : {}),
})

describe('behind TLS', () => {
  it('HTTP/2 is spoken where the server chooses it, over the connection that showed it', async () => {
    const { closed, opens, requests } = await meet([])
    expect(closed).toEqual({ delivered: 10, dropped: 0 })
    expect(opens).toEqual(['h2'])
    expect(requests.every(({ stream }) => stream !== undefined)).toBe(true)
  })

  it('HTTP/1.1 is spoken where the server chooses that, over kept connections', async () => {
    const { closed, opens, requests } = await meet([tls({ type: 'alpn_h1_only' })])
    expect(closed).toEqual({ delivered: 10, dropped: 0 })
    expect(opens.length).toBeLessThanOrEqual(2)
    expect(new Set(opens)).toEqual(new Set(['tls']))
    expect(requests).toHaveLength(10)
  })

  it('a server that speaks HTTP/1.1 on the next connection is followed', async () => {
    const goaway: Rule = {
      id: 'goaway',
      on: 'request',
      key: 'global',
      when: { nth: [4] },
      fault: { type: 'goaway', code: 'NO_ERROR', last: 'this', then: 'finish' },
    }
    const { closed, opens } = await meet([goaway, tls({ type: 'alpn_h1_only' }, { nth: [2, 3, 4, 5] })])
    expect(closed).toEqual({ delivered: 10, dropped: 0 })
    expect(opens[0]).toBe('h2')
    expect(opens).toContain('tls')
  })

  it('a certificate of another authority is refused, and the records are dropped', async () => {
    const { closed, requests, warnings } = await meet(
      [tls({ type: 'tls_untrusted', who: 'authority' })],
      quick,
    )
    expect(closed).toEqual({ delivered: 0, dropped: 10 })
    expect(requests).toEqual([])
    expect(warnings[0]).toMatch(/certificate/)
  })

  it('a handshake that stalls is left at the timeout for connections', async () => {
    const stall = tls({ type: 'tls_handshake_stall' }, { nth: [1] })
    const { closed } = await meet([stall], { 'timeout.connect_ms': 300 })
    expect(closed).toEqual({ delivered: 10, dropped: 0 })
  })
})

describe('TAILRACE_CA', () => {
  it('names the authority where none is given', async () => {
    const file = join(process.env['TMPDIR'] ?? '/tmp', `tailrace-authority-${process.pid}.pem`)
    writeFileSync(file, await authority())
    process.env['TAILRACE_CA'] = file
    onTestFinished(() => {
      delete process.env['TAILRACE_CA']
    })
    const options = { ...optionsFor([], realClock()), tls: true, h2: true }
    const server = await serveAt(options)
    onTestFinished(() => server.stop())
    const client = ingestClient({ url: server.url, token: options.token })
    await client.add(ndjson(0, 0).trimEnd())
    expect(await client.close()).toEqual({ delivered: 1, dropped: 0 })
  })
})
