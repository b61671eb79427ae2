/** The manners of the reference client in what a server asks for: limits, outages, redirects, codings, results. */
import { describe, expect, it } from 'vitest'
import { elsewhere, numbered, ok, script } from './testing/scripted.ts'
import type { Answer, Seen } from './testing/scripted.ts'
import type { Closed, Exchange } from './reference.ts'

const busy: Answer = { status: 503 }

describe('a limit of one request per second', () => {
  /** A fixed window: the first request in each second is served until `untilMs`, then all are. */
  function limited(untilMs: number, headers: Record<string, string>): (body: string, seen: Seen) => Answer {
    let served = -1
    return (_, { at }) => {
      const second = Math.floor(at / 1_000)
      if (at < untilMs && second === served) return { status: 429, headers }
      served = second
      return ok
    }
  }

  it.each<[string, Record<string, string>]>([
    ['with Retry-After', { 'retry-after': '1' }],
    ['without', {}],
  ])('is kept to, and no batch runs out of attempts: %s', async (_, headers) => {
    const config = { 'batch.max_events': 1, concurrency: 4, 'retry.max_ms': 1_000 }
    const { send, seen } = script(limited(10_000, headers), { config, tickMs: 20 })
    expect(await send(numbered(30))).toEqual({ delivered: 30, dropped: 0 })
    const within = seen.filter(({ at }) => at < 10_000)
    expect(within.length).toBeGreaterThan(10)
    expect(within.length).toBeLessThanOrEqual(30)
    const attempts = numbered(30).map((line) => seen.filter(({ body }) => body.trim() === line).length)
    expect(Math.max(...attempts)).toBeLessThanOrEqual(4)
  })
})

describe('a wait of a day', () => {
  it('is told at once, for what comes later as well, and nothing is sent', async () => {
    const answer: Answer = { status: 429, headers: { 'retry-after': '86400' } }
    const { send, seen, dropped, warnings } = script([answer], {
      config: { 'batch.max_events': 1, concurrency: 1 },
    })
    expect(await send(numbered(3))).toEqual({ delivered: 0, dropped: 3 })
    expect(seen).toHaveLength(1)
    expect(dropped).toEqual(numbered(3))
    expect(warnings[1]).toBe('dropped 1 records: HTTP 429, to wait 86400 s (attempt 1)')
  })

  it('ends, and may come again', async () => {
    const wait: Answer = { status: 503, headers: { 'retry-after': '61' } }
    const { client, clock, seen, until } = script([wait, ok, wait, ok], { tickMs: 1_000 })
    const one = async (): Promise<Closed> => {
      await client.add('{}')
      return until(client.flush())
    }
    expect(await one()).toEqual({ delivered: 0, dropped: 1 })
    await clock.advance(61_000)
    expect(await one()).toEqual({ delivered: 1, dropped: 1 })
    expect(await one()).toEqual({ delivered: 1, dropped: 2 })
    expect(await one()).toEqual({ delivered: 1, dropped: 3 })
    expect(seen).toHaveLength(3)
  })
})

describe('an outage', () => {
  it('of two seconds meets no more than four lanes times six requests, whatever waits', async () => {
    const config = { 'batch.max_events': 1, concurrency: 4, 'retry.max_ms': 1_000 }
    const { send, seen } = script((_, { at }) => (at < 2_000 ? busy : ok), { config, tickMs: 20 })
    const { delivered, dropped } = await send(numbered(40))
    expect(delivered + dropped).toBe(40)
    expect(dropped).toBeLessThanOrEqual(4)
    const within = seen.filter(({ at }) => at < 2_000)
    expect(within.length).toBeGreaterThanOrEqual(4 * 4)
    expect(within.length).toBeLessThanOrEqual(4 * 6)
  })

  it('goes on for a lane that gave a batch up: its next one waits the longest, before and after', async () => {
    const config = { 'batch.max_events': 1, concurrency: 1, 'retry.max_attempts': 3, 'retry.max_ms': 5_000 }
    const { send, seen } = script([busy, busy, busy, busy, busy, ok], { config, unit: () => 0, tickMs: 10 })
    expect(await send(numbered(3))).toEqual({ delivered: 2, dropped: 1 })
    const gaps = seen.slice(1).map(({ at }, i) => at - (seen[i]?.at ?? NaN))
    expect(gaps.slice(0, 4)).toEqual([50, 100, 5_000, 2_500])
    expect(seen).toHaveLength(7)
  })

  it('for one batch does not hold the others up', async () => {
    const poison = (body: string): Answer => (body.includes('"seq":0}') ? busy : ok)
    const { send, seen } = script(poison, { config: { 'batch.max_events': 1, concurrency: 2 } })
    expect(await send(numbered(9))).toEqual({ delivered: 8, dropped: 1 })
    const last = seen.findLast(({ body }) => body.includes('"seq":0}'))?.at ?? NaN
    const others = seen.filter(({ body }) => !body.includes('"seq":0}'))
    expect(others).toHaveLength(8)
    expect(others.every(({ at }) => at < last)).toBe(true)
  })
})

describe('a token that is refused', () => {
  it.each([401, 403])(
    'by %i three times is not tried on: what is left is dropped, and told',
    async (status) => {
      const { send, seen, dropped } = script([{ status }], { config: { 'batch.max_events': 1 } })
      expect(await send(numbered(100))).toEqual({ delivered: 0, dropped: 100 })
      expect(seen.length).toBeGreaterThanOrEqual(3)
      expect(seen.length).toBeLessThanOrEqual(3 + 5)
      expect(dropped.sort()).toEqual(numbered(100).sort())
    },
  )

  it('now and then is only for those batches', async () => {
    const some = (body: string): Answer => ({ status: /[05]}/.test(body) ? 401 : 202 })
    const { send, seen } = script(some, { config: { 'batch.max_events': 1, concurrency: 1 } })
    expect(await send(numbered(40))).toEqual({ delivered: 32, dropped: 8 })
    expect(seen).toHaveLength(40)
  })
})

describe('a redirect', () => {
  const moved = (status: number, location: string): Answer => ({ status, headers: { location } })
  const to = (path: string, status = 308): ((body: string, seen: Seen) => Answer) => {
    return (_, { url }) => (url.endsWith('/new') ? ok : moved(status, path))
  }

  it.each([307, 308])('%i is followed with method, body and token', async (status) => {
    const { send, seen, sleeps } = script(to('/new', status))
    expect(await send(numbered(2))).toEqual({ delivered: 2, dropped: 0 })
    expect(seen.map(({ url }) => url)).toEqual([
      'http://127.0.0.1:9/v0/events?name=t',
      'http://127.0.0.1:9/new',
    ])
    expect(seen[1]?.body).toBe(seen[0]?.body)
    expect(seen[1]?.headers).toEqual(seen[0]?.headers)
    expect(sleeps).toEqual([])
  })

  it('to another origin goes without the token, and comes back without it', async () => {
    const home = 'http://127.0.0.1:9/new'
    const answer = (_: string, { url }: Seen): Answer => {
      if (url === home) return ok
      return moved(307, url.startsWith(elsewhere) ? home : `${elsewhere}/there`)
    }
    const { send, seen } = script(answer)
    expect(await send(numbered(1))).toEqual({ delivered: 1, dropped: 0 })
    expect(seen.map(({ headers }) => headers['authorization'])).toEqual(['Bearer tk_1', undefined, undefined])
    expect(seen.map(({ url }) => new URL(url).host)).toEqual(['127.0.0.1:9', '127.0.0.2:9', '127.0.0.1:9'])
  })

  it('is followed five times', async () => {
    const { send, seen, warnings } = script([moved(307, '/round')])
    expect(await send(numbered(1))).toEqual({ delivered: 0, dropped: 1 })
    expect(seen).toHaveLength(6)
    expect(warnings).toEqual(['dropped 1 records: HTTP 307 (attempt 1)'])
  })

  it.each([301, 302, 303])('%i is not followed', async (status) => {
    const { send, seen } = script(to('/new', status))
    expect(await send(numbered(1))).toEqual({ delivered: 0, dropped: 1 })
    expect(seen).toHaveLength(1)
  })

  it.each(['ftp://127.0.0.1/new', 'http://', ''])('to %j leads nowhere', async (location) => {
    const { send, seen } = script(location === '' ? [{ status: 308 }] : [moved(308, location)])
    expect(await send(numbered(1))).toEqual({ delivered: 0, dropped: 1 })
    expect(seen).toHaveLength(1)
  })

  it('is followed anew by each attempt', async () => {
    const answers = [moved(308, '/new'), busy, moved(308, '/new'), ok]
    const { send, seen } = script(answers)
    expect(await send(numbered(1))).toEqual({ delivered: 1, dropped: 0 })
    expect(seen.map(({ url }) => url.endsWith('/new'))).toEqual([false, true, false, true])
  })
})

describe('gzip', () => {
  const config = { compression: 'gzip', 'batch.max_events': 2, concurrency: 1 }

  it('is said, and is the same in a retry', async () => {
    const { send, seen } = script([busy, ok], { config })
    expect(await send(numbered(2))).toEqual({ delivered: 2, dropped: 0 })
    expect(seen.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', 'gzip'])
    expect(seen.map(({ body }) => body)).toEqual(Array(2).fill('{"seq":0}\n{"seq":1}\n'))
    expect(seen[1]?.headers['idempotency-key']).toBe(seen[0]?.headers['idempotency-key'])
  })

  it('that is refused is left off from then on; other bytes have another key', async () => {
    const plainOnly = (_: string, { headers }: Seen): Answer => {
      return headers['content-encoding'] === undefined ? ok : { status: 415 }
    }
    const { send, seen, sleeps } = script(plainOnly, { config })
    expect(await send(numbered(6))).toEqual({ delivered: 6, dropped: 0 })
    expect(seen.map(({ headers }) => headers['content-encoding'] ?? 'none')).toEqual([
      'gzip',
      'none',
      'none',
      'none',
    ])
    expect(seen[1]?.body).toBe(seen[0]?.body)
    expect(seen[1]?.headers['idempotency-key']).not.toBe(seen[0]?.headers['idempotency-key'])
    expect(sleeps).toEqual([])
  })

  it('is not what every 415 is about', async () => {
    const { send, seen } = script([{ status: 415 }], { config })
    expect(await send(numbered(2))).toEqual({ delivered: 0, dropped: 2 })
    expect(seen).toHaveLength(2)
  })
})

describe('413', () => {
  it('is remembered: later batches start below the size that was refused', async () => {
    const line = (seq: number): string => JSON.stringify({ seq, pad: 'x'.repeat(180) })
    const refused: string[] = []
    const answer = (body: string): Answer => {
      if (body.length > 10_000) refused.push(body)
      return { status: body.length > 10_000 ? 413 : 202 }
    }
    const { send, seen } = script(answer)
    const lines = Array.from({ length: 1_000 }, (_, seq) => line(seq))
    expect(await send(lines)).toEqual({ delivered: 1_000, dropped: 0 })
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThanOrEqual(8) // the four that were under way, and a half of each
    const last = seen.findIndex(({ body }) => body === refused.at(-1))
    expect(last).toBeLessThan(seen.length / 3)
  })

  it('with Retry-After is waited for, and then the batch is split', async () => {
    const answer = (_: string, { at }: Seen): Answer => {
      return at < 2_000 ? { status: 413, headers: { 'retry-after': '2' } } : ok
    }
    const { send, seen } = script(answer, { tickMs: 20 })
    expect(await send(numbered(10))).toEqual({ delivered: 10, dropped: 0 })
    expect(seen.map(({ body }) => body.trim().split('\n').length)).toEqual([10, 5, 5])
    expect(seen[1]?.at).toBeGreaterThanOrEqual(2_000)
  })
})

describe('a success that is none for some', () => {
  const named = (count: number): string[] => numbered(count).map((_, at) => `{"id":"r${at}"}`)

  it('is told by their number where that is all', async () => {
    const body = '{"successful_rows":7,"quarantined_rows":3}'
    const { send, seen, warnings, dropped, delivered } = script([{ status: 200, body }])
    expect(await send(named(10))).toEqual({ delivered: 7, dropped: 3 })
    expect(seen).toHaveLength(1)
    expect(warnings).toEqual(['dropped 3 records: HTTP 200, refused without a name'])
    expect(dropped).toEqual(named(10)) // it may be any of them
    expect(delivered).toEqual([])
  })

  it('is told by name, and only what is to come again comes again', async () => {
    const body = '{"successful_rows":1,"quarantined_rows":1,"quarantined":["r2"],"retry":["r0","r3"]}'
    const { send, seen, dropped, delivered, sleeps } = script([{ status: 200, body }, ok])
    expect(await send(named(4))).toEqual({ delivered: 3, dropped: 1 })
    expect(seen.map((each) => each.body)).toEqual([`${named(4).join('\n')}\n`, '{"id":"r0"}\n{"id":"r3"}\n'])
    expect(seen[1]?.headers['idempotency-key']).not.toBe(seen[0]?.headers['idempotency-key'])
    expect(dropped).toEqual(['{"id":"r2"}'])
    expect(delivered).toEqual(['{"id":"r1"}', '{"id":"r0"}', '{"id":"r3"}'])
    expect(sleeps).toHaveLength(1)
  })

  it('has a result for each record of a _bulk request', async () => {
    const result = (status: number): unknown => ({ create: { status } })
    const first = JSON.stringify({ errors: true, items: [201, 429, 400, 503].map(result) })
    const second = JSON.stringify({ errors: false, items: [201, 201].map(result) })
    const url = 'http://127.0.0.1:9/logs/_bulk'
    const answers = [first, second].map((body): Answer => ({ status: 200, body }))
    const { send, seen, dropped } = script(answers, { url })
    expect(await send(named(4))).toEqual({ delivered: 3, dropped: 1 })
    const action = '{"create":{}}\n'
    expect(seen.map(({ body }) => body)).toEqual([
      `${action}{"id":"r0"}\n${action}{"id":"r1"}\n${action}{"id":"r2"}\n${action}{"id":"r3"}\n`,
      `${action}{"id":"r1"}\n${action}{"id":"r3"}\n`,
    ])
    expect(dropped).toEqual(['{"id":"r2"}'])
  })

  it('is given up for what never succeeds', async () => {
    const body = JSON.stringify({ items: [{ create: { status: 429 } }] })
    const { send, seen } = script([{ status: 200, body }], { url: 'http://127.0.0.1:9/_bulk' })
    expect(await send(named(1))).toEqual({ delivered: 0, dropped: 1 })
    expect(seen).toHaveLength(5)
  })
})

describe('a durable acknowledgement', () => {
  const config = { 'ack.durable': true }

  it('is asked for, and is 200 alone', async () => {
    const { send, seen } = script([{ status: 200 }], { config })
    expect(await send(numbered(1))).toEqual({ delivered: 1, dropped: 0 })
    expect(seen.map(({ url }) => new URL(url).search)).toEqual(['?name=t&wait=true'])
  })

  it('is not 202: that is told, and not sent again', async () => {
    const { send, seen, warnings } = script([{ status: 202 }], { config })
    expect(await send(numbered(1))).toEqual({ delivered: 0, dropped: 1 })
    expect(seen).toHaveLength(1)
    expect(warnings).toEqual(['dropped 1 records: HTTP 202: taken, not confirmed to land (attempt 1)'])
  })

  it('is not asked for where nobody knows the question', async () => {
    const { send, seen } = script([ok], { config, url: 'http://127.0.0.1:9/in' })
    expect(await send(numbered(1))).toEqual({ delivered: 1, dropped: 0 })
    expect(seen.map(({ url }) => url)).toEqual(['http://127.0.0.1:9/in'])
  })
})

describe('409', () => {
  it('says that the records are there', async () => {
    const { send, seen, delivered } = script([{ status: 409 }])
    expect(await send(numbered(3))).toEqual({ delivered: 3, dropped: 0 })
    expect(seen).toHaveLength(1)
    expect(delivered).toEqual(numbered(3))
  })
})

describe('the log', () => {
  it('holds every request and its response, and not the token', async () => {
    const exchanges: Exchange[] = []
    const answers: Answer[] = [
      { status: 308, headers: { location: '/new' } },
      { status: 503, body: 'no' },
    ]
    const { send } = script([...answers, ok], { onExchange: (exchange) => exchanges.push(exchange) })
    await send(numbered(1))
    expect(exchanges).toMatchObject([
      { request: { url: 'http://127.0.0.1:9/v0/events?name=t', bytes: 10 }, response: { status: 308 } },
      { request: { url: 'http://127.0.0.1:9/new' }, response: { status: 503, body: 'no' } },
      { response: { status: 202, body: '{}' } },
    ])
    expect(exchanges[0]?.request.headers).toHaveProperty('idempotency-key')
    expect(JSON.stringify(exchanges)).not.toContain('tk_1')
  })
})
