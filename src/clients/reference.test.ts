/** The reference client against scripted answers, on a clock wound by hand: batches, retries, waits, sizes, its end. */
import { describe, expect, it } from 'vitest'
import { busy, numbered, ok, script } from './testing/scripted.ts'
import type { Answer, Script } from './testing/scripted.ts'

describe('a request', () => {
  it('carries NDJSON, the token and a key', async () => {
    const { send, seen } = script([ok])
    expect(await send(numbered(2))).toEqual({ delivered: 2, dropped: 0 })
    expect(seen).toMatchObject([
      {
        body: '{"seq":0}\n{"seq":1}\n',
        headers: {
          authorization: 'Bearer tk_1',
          'content-type': 'application/x-ndjson',
          'idempotency-key': expect.stringMatching(/^"[0-9a-f]{32}"$/) as string,
        },
      },
    ])
  })

  it('holds as many records as asked for, and the last what is left', async () => {
    const { send, seen } = script([ok], { config: { 'batch.max_events': 10 } })
    await send(numbered(25))
    expect(seen.map(({ body }) => body.trim().split('\n').length)).toEqual([10, 10, 5])
    expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(3)
  })

  it('is not made when there is nothing to send', async () => {
    const { send, seen } = script([ok])
    expect(await send([])).toEqual({ delivered: 0, dropped: 0 })
    expect(seen).toEqual([])
  })
})

describe('a retry', () => {
  it.each([408, 429, 500, 502, 503, 504, 599])(
    'after %i brings the same bytes under the same key',
    async (status) => {
      const { send, seen } = script([{ status }, ok])
      expect(await send(numbered(3))).toEqual({ delivered: 3, dropped: 0 })
      expect(seen).toHaveLength(2)
      expect(seen[1]?.body).toBe(seen[0]?.body)
      expect(seen[1]?.headers['idempotency-key']).toBe(seen[0]?.headers['idempotency-key'])
    },
  )

  it.each([301, 302, 303, 307, 400, 401, 403, 404, 405, 415, 422, 499])(
    'is not made after %i',
    async (status) => {
      const { send, seen, sleeps, warnings } = script([{ status }])
      expect(await send(numbered(5))).toEqual({ delivered: 0, dropped: 5 })
      expect(seen).toHaveLength(1)
      expect(sleeps).toEqual([])
      expect(warnings).toEqual([`dropped 5 records: HTTP ${status} (attempt 1)`])
    },
  )

  it('is made four times at most, and then the loss is told', async () => {
    const { send, seen, warnings } = script([busy])
    expect(await send(numbered(5))).toEqual({ delivered: 0, dropped: 5 })
    expect(seen).toHaveLength(5)
    expect(warnings).toEqual(['dropped 5 records: HTTP 503 (attempt 5)'])
  })

  it('does not keep later batches from coming', async () => {
    const refuseFirst = (body: string): Answer => (body.includes('"seq":0}') ? { status: 400 } : ok)
    const { send } = script(refuseFirst, { config: { 'batch.max_events': 1 } })
    expect(await send(numbered(3))).toEqual({ delivered: 2, dropped: 1 })
  })
})

describe('the backoff', () => {
  const config = { 'retry.base_ms': 100, 'retry.max_ms': 500, 'retry.max_attempts': 6 }

  it('doubles up to its cap', async () => {
    const { send, sleeps } = script([busy], { config, unit: () => 1 - Number.EPSILON })
    await send(numbered(1))
    expect(sleeps).toEqual([100, 200, 400, 500, 500])
  })

  it('loses up to half by jitter, and never more', async () => {
    const { send, sleeps } = script([busy], { config, unit: () => 0 })
    await send(numbered(1))
    expect(sleeps).toEqual([50, 100, 200, 250, 250])
  })

  it('differs between batches', async () => {
    const { send, sleeps } = script([busy], {
      config: { 'batch.max_events': 1, 'retry.max_attempts': 2, 'retry.base_ms': 10_000 },
    })
    await send(numbered(8))
    expect(new Set(sleeps).size).toBeGreaterThan(4)
  })
})

describe('Retry-After', () => {
  const gap = ({ seen }: Script): number => (seen[1]?.at ?? NaN) - (seen[0]?.at ?? NaN)

  async function gapAfter(status: number, headers: Record<string, string>): Promise<number> {
    const scripted = script([{ status, headers }, ok])
    expect(await scripted.send(numbered(1))).toEqual({ delivered: 1, dropped: 0 })
    return gap(scripted)
  }

  it.each([429, 503])('in seconds is the least that it waits after %i', async (status) => {
    const ms = await gapAfter(status, { 'retry-after': '2' })
    expect(ms).toBeGreaterThan(2_000)
    expect(ms).toBeLessThan(2_100)
  })

  it('as a date is waited for', async () => {
    // The script's clock begins at 2026-01-01T00:00:00Z.
    const ms = await gapAfter(429, { 'retry-after': 'Thu, 01 Jan 2026 00:00:03 GMT' })
    expect(ms).toBeGreaterThan(3_000)
    expect(ms).toBeLessThan(3_100)
  })

  it('as a date is measured against the server’s own Date', async () => {
    const headers = {
      date: 'Wed, 31 Dec 2025 23:00:00 GMT',
      'retry-after': 'Wed, 31 Dec 2025 23:00:03 GMT',
    }
    const ms = await gapAfter(429, headers)
    expect(ms).toBeGreaterThan(3_000)
    expect(ms).toBeLessThan(3_100)
  })

  it.each(['0', 'Wed, 31 Dec 2025 23:00:00 GMT'])('%j does not undercut the backoff', async (value) => {
    expect(await gapAfter(429, { 'retry-after': value })).toBeGreaterThanOrEqual(50)
  })

  it('that is longer than the backoff’s cap is still obeyed', async () => {
    expect(await gapAfter(503, { 'retry-after': '30' })).toBeGreaterThan(30_000)
  })

  it('of a day is not waited for: the batch is dropped, and that is told', async () => {
    const { send, seen, warnings } = script([{ status: 429, headers: { 'retry-after': '86400' } }])
    expect(await send(numbered(2))).toEqual({ delivered: 0, dropped: 2 })
    expect(seen).toHaveLength(1)
    expect(warnings).toHaveLength(1)
  })

  it.each(['soon', '-1', '1.5', '1e9999'])('%j is as good as none', async (value) => {
    const ms = await gapAfter(503, { 'retry-after': value })
    expect(ms).toBeGreaterThanOrEqual(50)
    expect(ms).toBeLessThanOrEqual(100)
  })

  it('that is missing from a 429 stands for a second', async () => {
    expect(await gapAfter(429, {})).toBeGreaterThan(1_000)
  })

  it('holds the other batches back as well', async () => {
    const limited: Answer = { status: 429, headers: { 'retry-after': '2' } }
    const { send, seen } = script([limited, ok], { config: { 'batch.max_events': 1, concurrency: 1 } })
    const parallel = script([limited, ok], { config: { 'batch.max_events': 1, concurrency: 2 } })
    await send(numbered(4))
    await parallel.send(numbered(8))
    expect(seen.slice(1).every(({ at }) => at > 2_000)).toBe(true)
    // The one that was under way beside the refused one came too early to know.
    expect(parallel.seen.slice(2).every(({ at }) => at > 2_000)).toBe(true)
  })
})

describe('a batch that is too large', () => {
  it('is split until its parts fit, each under a key of its own', async () => {
    const tooLarge = (body: string): Answer => (body.length > 60 ? { status: 413 } : ok)
    const { send, seen } = script(tooLarge)
    expect(await send(numbered(20))).toEqual({ delivered: 20, dropped: 0 })
    const keys = seen.map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys).size).toBe(keys.length)
    const taken = seen.filter(({ body }) => body.length <= 60).map(({ body }) => body)
    expect(taken.join('')).toBe(numbered(20).join('\n') + '\n')
  })

  it('and cannot be split is dropped after one attempt', async () => {
    const { send, seen } = script([{ status: 413 }])
    expect(await send(numbered(1))).toEqual({ delivered: 0, dropped: 1 })
    expect(seen).toHaveLength(1)
  })

  it('by one record loses that record alone', async () => {
    const { send } = script((body) => (body.includes('"seq":7}') ? { status: 413 } : ok))
    expect(await send(numbered(64))).toEqual({ delivered: 63, dropped: 1 })
  })
})

describe('closing', () => {
  it('twice sends nothing twice', async () => {
    const { client, seen } = script([ok])
    await client.add('{}')
    expect(await Promise.all([client.close(), client.close()])).toEqual([
      { delivered: 1, dropped: 0 },
      { delivered: 1, dropped: 0 },
    ])
    expect(seen).toHaveLength(1)
  })

  it('ends what the client takes: a later record is refused aloud', async () => {
    const { client } = script([ok])
    await client.close()
    await expect(client.add('{}')).rejects.toThrow('closed')
  })
})
