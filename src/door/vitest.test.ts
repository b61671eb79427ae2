/** The matchers: each seen to hold, to be refuted, and to do neither where nothing was seen that could tell. */
import { request } from 'undici'
import { describe, expect, it } from 'vitest'
import { RawClient, requestText } from '../../fakes/testing/raw-client.ts'
import { ledger } from '../check/testing/ledgers.ts'
import type { Entry } from '../entry.ts'
import type { Fault } from '../fault.ts'
import type { Rule } from '../plan/plan.ts'
import type { JsonObject } from '../record.ts'
import { startServer } from './vitest.ts'
import type { ServerOptions, TestServer } from './vitest.ts'

/** On the first attempt of each batch. */
function first(fault: Fault, taken = false): ServerOptions {
  const rule: Rule = {
    id: 'first',
    key: 'content',
    on: 'response-head',
    taken,
    when: { attempt: [1] },
    fault,
  }
  return { plan: { version: 1, seed: '1', rules: [rule] } }
}

const busy = { type: 'http_error', status: 503 } as const

type Client = (server: TestServer, records: readonly JsonObject[]) => Promise<unknown>

/** Sends a batch; resolves to the status, or `cut`. */
const send = async ({ url }: TestServer, records: readonly JsonObject[]): Promise<number | 'cut'> => {
  const body = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const answer = await request(url, { method: 'POST', body }).catch(() => undefined)
  await answer?.body.dump()
  return answer?.statusCode ?? 'cut'
}
const never: Client = () => Promise.resolve()
const once: Client = send
const twice: Client = async (server, records) => {
  await send(server, records)
  await send(server, records)
}
const each: Client = async (server, records) => {
  for (const record of records) await send(server, [record])
}
const backwards: Client = (server, records) => each(server, [...records].reverse())
const untilTaken: Client = async (server, records) => {
  while ((await send(server, records)) !== 202) continue
}
const damaging: Client = (server, records) =>
  send(
    server,
    records.map((record) => ({ ...record, city: 'Atlantis' })),
  )

/** What a client does, or a ledger that is told: where time decides, a busy machine must not. */
interface Scene {
  readonly options?: ServerOptions
  readonly client?: Client
  readonly records?: number
  readonly told?: readonly Entry[]
}

/** Attempts with all records, so many milliseconds after each other, each answered 503. */
function attempts(count: number, gapMs: number, retryAfterMs?: number): readonly Entry[] {
  const story = ledger().offer(3)
  const more = retryAfterMs === undefined ? {} : { retryAfterMs }
  for (let i = 0; i < count; i += 1) story.attempt({ status: 503, at: 10 + i * gapMs, ...more })
  return story.entries
}

/** What `ask` and its opposite make of the scene: `holds`, `refuted`, or neither; and what is said. */
async function outcome(
  { options = {}, client = never, records = 3, told }: Scene,
  ask: (server: TestServer, not: boolean) => Promise<void>,
): Promise<{ is: 'holds' | 'refuted' | 'neither'; said: string }> {
  await using server = await startServer(options)
  await client(server, server.records(records))
  const subject = told ? { ...server, ledger: () => told } : server
  const said = (not: boolean): Promise<string | undefined> =>
    ask(subject, not).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    )
  const [plain, opposite] = [await said(false), await said(true)]
  if (plain === undefined && opposite === undefined) throw new Error('it and its opposite both hold')
  const is = plain === undefined ? 'holds' : opposite === undefined ? 'refuted' : 'neither'
  return { is, said: plain ?? opposite ?? '' }
}

type Ask = (server: TestServer, not: boolean) => Promise<void>
type Row = readonly [what: string, scene: Scene, is: 'holds' | 'refuted' | 'neither', said?: RegExp]

const about = (server: TestServer, not: boolean) => (not ? expect(server).not : expect(server))

const table: readonly (readonly [name: string, Ask, readonly Row[]])[] = [
  [
    'toHaveFired',
    (server, not) => about(server, not).toHaveFired('first', { min: 1, max: 2 }),
    [
      ['as often as wanted', { options: first(busy), client: twice }, 'holds'],
      ['more often', { options: first(busy), client: each }, 'refuted', /struck 3×, 1 to 2 wanted/],
      ['never, without traffic', { options: first(busy), client: never }, 'neither', /Nothing was seen/],
      [
        'not as planned',
        { options: first({ type: 'header_delay', delay_ms: 60_000 }, true), client: leave },
        'neither',
        /misfired 1×/,
      ],
    ],
  ],
  [
    'toHaveNoMisfires',
    (server, not) => about(server, not).toHaveNoMisfires(),
    [
      ['all as planned', { options: first(busy), client: twice }, 'holds'],
      [
        'one that was not',
        { options: first({ type: 'header_delay', delay_ms: 60_000 }, true), client: leave },
        'refuted',
        /1 of them not as planned[^]*misfired: none/,
      ],
      ['no fault', { client: once }, 'neither', /No fault struck/],
    ],
  ],
  [
    'toDeliverAtLeastOnce',
    (server, not) => about(server, not).toDeliverAtLeastOnce(),
    [
      ['once', { client: once }, 'holds'],
      ['twice', { client: twice }, 'holds'],
      ['again after a failure', { options: first(busy), client: twice }, 'holds'],
      [
        'not again',
        { options: first(busy), client: once },
        'refuted',
        /Lost silently: 3 records \(0.0–0.2\)[^]*request 0/,
      ],
      ['nothing sent', { client: never }, 'refuted', /Lost silently/],
      ['nothing offered', { client: never, records: 0 }, 'neither', /No record was offered/],
      ['damaged', { client: damaging }, 'refuted', /not as offered: 0.0 at \/city/],
      [
        'dropped by the server',
        { options: first({ type: 'discard_after_take' }, true), client: once },
        'neither',
        /dropped them again[^]*discard 0.0–0.2, injected/,
      ],
    ],
  ],
  [
    'toDeliverExactlyOnce',
    (server, not) => about(server, not).toDeliverExactlyOnce(),
    [
      ['once', { client: once }, 'holds'],
      ['again after a failure', { options: first(busy), client: twice }, 'holds'],
      ['twice', { client: twice }, 'refuted', /Landed more than 1×: 3 records/],
      [
        'twice, as its answer was cut',
        { options: first({ type: 'reset_peer' }, true), client: twice },
        'refuted',
      ],
      ['nothing sent', { client: never }, 'refuted', /Landed less than 1×/],
      ['nothing offered', { client: never, records: 0 }, 'neither'],
    ],
  ],
  [
    'toHaveNoDuplicates',
    (server, not) => about(server, not).toHaveNoDuplicates(),
    [
      ['once', { client: once }, 'holds'],
      ['twice', { client: twice }, 'refuted', /3 records \(0.0–0.2\)[^]*take 0.0–0.2/],
      [
        'twice, as its answer was cut',
        { options: first({ type: 'reset_peer' }, true), client: twice },
        'refuted',
      ],
      ['nothing landed', { options: first(busy), client: once }, 'neither', /No record offered has landed/],
    ],
  ],
  [
    'toKeepOrder',
    (server, not) => about(server, not).toKeepOrder(),
    [
      ['in order', { client: each }, 'holds'],
      ['backwards', { client: backwards }, 'refuted', /after a later record[^]*land 0.1/],
      ['in one batch', { client: once }, 'neither', /no order to see/],
      ['nothing sent', { client: never }, 'neither'],
    ],
  ],
  [
    'toHonourRetryAfter',
    (server, not) => about(server, not).toHonourRetryAfter(),
    [
      [
        'too early',
        { options: first({ ...busy, retry_after_s: 30 }), client: twice },
        'refuted',
        /too early/,
      ],
      ['in time', { told: attempts(2, 1020, 1000) }, 'holds'],
      ['a little too early', { told: attempts(2, 900, 1000) }, 'refuted', /came 899.0 ms after the answer/],
      ['never again', { options: first({ ...busy, retry_after_s: 1 }), client: once }, 'neither'],
      ['no such answer', { client: once }, 'neither', /No attempt was seen after an answer with Retry-After/],
      ['nothing sent', { client: never }, 'neither'],
    ],
  ],
  [
    'toHaveNoHotLoop',
    (server, not) => about(server, not).toHaveNoHotLoop(),
    [
      ['one retry', { options: first(busy), client: untilTaken }, 'holds'],
      ['a reset before the request was read', { options: early(), client: untilTaken }, 'holds'],
      ['a loop', { told: attempts(60, 5) }, 'refuted', /51 repeats of one request within 250.0 ms/],
      ['many, with time between', { told: attempts(60, 100) }, 'holds'],
      ['no failure', { client: twice }, 'neither', /No request failed/],
      ['nothing sent', { client: never }, 'neither', /Nothing was seen on the wire/],
    ],
  ],
]

function early(): ServerOptions {
  const rule: Rule = {
    id: 'cut',
    key: 'global',
    on: 'request',
    when: { nth: [1] },
    fault: { type: 'reset_peer' },
  }
  return { plan: { version: 1, seed: '1', rules: [rule] } }
}

/** Gives up, by a reset, as soon as the server has the request. */
async function leave(server: TestServer, records: readonly JsonObject[]): Promise<void> {
  const body = JSON.stringify(records)
  const client = await RawClient.to(server.port)
  client.send(requestText('POST /', [`Content-Length: ${Buffer.byteLength(body)}`], body))
  await server.until(({ kind }) => kind === 'take')
  client.socket.resetAndDestroy()
  await server.until(({ kind }) => kind === 'fault')
}

for (const [name, ask, rows] of table) {
  describe(name, () => {
    it.each(rows.map((row): [string, Row] => [row[0], row]))('%s', async (_, [, scene, is, said]) => {
      const found = await outcome(scene, ask)
      expect(found.is, found.said).toBe(is)
      if (said) expect(found.said).toMatch(said)
    })
  })
}

describe('the matchers', () => {
  it('say what was expected, why not, and show the entries', async () => {
    const { said } = await outcome({ options: first(busy), client: once }, (server, not) =>
      about(server, not).toDeliverAtLeastOnce(),
    )
    expect(said).toMatch(/^expected the run to deliver at least once\. It did not\.\n {2}Lost silently/)
    expect(said).toMatch(/\n\n +[\d.]+ ms {2}request 0 {2}POST \/ 0.0–0.2 attempt 1, ndjson\n/)
  })

  it('hold a client to the records that are named', async () => {
    await using server = await startServer()
    const [sent = {}, kept = {}] = server.records(2)
    await send(server, [sent])
    await expect(server).toDeliverAtLeastOnce([sent])
    await expect(server).toDeliverAtLeastOnce(JSON.stringify(sent))
    await expect(server).not.toDeliverAtLeastOnce(kept)
    await expect(expect(server).toDeliverAtLeastOnce([{ id: 'x' }, 'y'])).rejects.toMatchObject({
      problems: [{ at: 'records/0' }, { at: 'records/1' }],
    })
    await expect(expect(server).toDeliverAtLeastOnce([])).rejects.toThrow('at least one record')
  })

  it('know any rule, and name one that the plan has not', async () => {
    await using server = await startServer(first(busy))
    await once(server, server.records(1))
    await expect(server).toHaveFired()
    await expect(expect(server).toHaveFired('last')).rejects.toThrow(
      'rule: expected one of first, got "last"',
    )
  })

  it('wait for what is open', async () => {
    await using server = await startServer(first({ type: 'header_delay', delay_ms: 100 }, true))
    const sent = once(server, server.records(1))
    await server.until(({ kind }) => kind === 'take')
    await expect(server).toHaveFired('first')
    await sent
  })

  it('are about a server alone', async () => {
    const stranger = { ledger: 1 } as unknown as TestServer
    await expect(expect(stranger).toHaveNoHotLoop()).rejects.toMatchObject({ code: 'usage' })
  })

  it('believe no ledger that misses facts', async () => {
    await using server = await startServer()
    await once(server, server.records(1))
    const failing = { ...server, failures: () => ['the ledger is full'] }
    await expect(expect(failing).toDeliverExactlyOnce()).rejects.toThrow('the ledger is full')
    await expect(expect(failing).not.toDeliverExactlyOnce()).rejects.toThrow('the ledger is full')
  })
})
