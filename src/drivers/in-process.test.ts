/** The in-process driver on a hand-wound clock: each of the ways in which a function can behave and end. */
import { describe, expect, it } from 'vitest'
import { HandClock, sleep } from '../clock.ts'
import type { Drive, Driven } from '../driver.ts'
import type { Entry } from '../entry.ts'
import { Ledger } from '../ledger.ts'
import { recordAt, recordSource } from '../record.ts'
import { inProcessDriver } from './in-process.ts'
import type { Given } from './in-process.ts'

const source = recordSource('1', 'in-process')

interface Ran {
  readonly driven: Driven
  readonly entries: readonly Entry[]
}

async function drive(ingest: (given: Given) => Promise<number>, options: Partial<Drive> = {}): Promise<Ran> {
  const clock = new HandClock()
  const ledger = new Ledger(clock)
  const env = {
    TAILRACE_URL: 'http://x.invalid/',
    TAILRACE_TOKEN: 'tk',
    TAILRACE_CONFIG: '{"concurrency":2}',
  }
  const drive: Drive = { ledger, clock, source, ids: [[0, 0, 2]], env, budgetMs: 5_000, ...options }
  const driven = await clock.until(inProcessDriver({ name: 'test', ingest }).drive(drive))
  return { driven, entries: ledger.entries }
}

const claims = ({ entries }: Ran): object[] =>
  entries.filter((entry) => entry.kind === 'claim').map(({ n: _n, t: _t, ...rest }) => rest)

describe('a client that is a function', () => {
  it('is given the lines of its records, then their end, and what it may wish for', async () => {
    let got: { lines: string[]; given: Given } | undefined
    const ran = await drive(async (given) => {
      const lines: string[] = []
      for await (const line of given.lines) lines.push(line)
      got = { lines, given }
      return 0
    })
    const offered = [0, 1, 2].map((seq) => JSON.stringify(recordAt(source, [0, seq])))
    expect(got?.lines).toEqual(offered)
    expect(got?.given).toMatchObject({ url: 'http://x.invalid/', token: 'tk', config: { concurrency: 2 } })
    expect(claims(ran)).toEqual([{ kind: 'claim', what: 'exit', code: 0 }])
    expect(ran.entries.map(({ kind }) => kind)).toEqual(['offer', 'act', 'claim'])
  })

  it.each([0, 10])('ends with its code, %i', async (code) => {
    const ran = await drive(() => Promise.resolve(code))
    expect(ran.driven).toMatchObject({ ended: 'exit', code, signal: null })
  })

  it('crashes when it throws, and says why', async () => {
    const ran = await drive(() => Promise.reject(new Error('no such thing')))
    expect(ran.driven).toMatchObject({ ended: 'signal', code: null })
    expect(ran.driven.stderr.bytes.toString()).toBe('no such thing\n')
    expect(claims(ran)).toEqual([{ kind: 'claim', what: 'signal', raw: 'no such thing', by: 'client' }])
  })

  it('is stuck at the end of its budget, and is told to end', async () => {
    let told = false
    const ran = await drive(({ signal }) => {
      signal.addEventListener('abort', () => (told = true))
      return new Promise(() => {})
    })
    expect(ran.driven.ended).toBe('stuck')
    expect(told).toBe(true)
    expect(ran.entries).toContainEqual(expect.objectContaining({ kind: 'stall', who: 'client', ms: 5_000 }))
  })

  it('is ended when nobody wants it any more', async () => {
    const ran = await drive(() => new Promise(() => {}), { signal: AbortSignal.abort() })
    expect(ran.driven.ended).toBe('signal')
    expect(claims(ran)).toEqual([{ kind: 'claim', what: 'signal', raw: 'aborted', by: 'harness' }])
  })

  it('keeps to the steps: what is offered later comes later, as one of several clients', async () => {
    const ran = await drive(
      async ({ lines, clock }) => {
        for await (const _ of lines) await sleep(clock, 10)
        return 0
      },
      {
        client: 3,
        steps: [
          { do: 'offer', records: 1 },
          { do: 'wait', for: 'request', at_most_ms: 700 },
        ],
      },
    )
    const offers = ran.entries.filter((entry) => entry.kind === 'offer')
    expect(offers.map(({ t, ids }) => [t / 1e6, ids])).toEqual([
      [0, [[0, 0, 0]]],
      [700, [[0, 1, 2]]],
    ])
    expect(ran.entries.every((entry) => 'client' in entry && entry.client === 3)).toBe(true)
  })
})
