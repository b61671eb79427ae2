/** What is done to a client, step by step, on a hand-wound clock. */
import { describe, expect, it } from 'vitest'
import { HandClock } from '../clock.ts'
import type { Drive, Step } from '../driver.ts'
import type { EntryBody } from '../entry.ts'
import { Ledger } from '../ledger.ts'
import type { IdRange } from '../record.ts'
import { recordSource } from '../record.ts'
import { walk } from './steps.ts'

const request = (req: number, ids: IdRange[] = [[0, 0, 0]]): EntryBody => ({
  ...{ kind: 'request', req, conn: 0, site: { lane: 'ingest', attempt: 1 }, method: 'POST', path: '/' },
  ...{ ids, bytes: 1, complete: true },
})

/** Walks the steps; `at` says what is entered when, in milliseconds. */
async function walked(
  steps: readonly Step[] | undefined,
  at: readonly (readonly [ms: number, body: EntryBody])[] = [],
  ids: readonly IdRange[] = [[0, 0, 9]],
): Promise<string[]> {
  const clock = new HandClock()
  const ledger = new Ledger(clock)
  const told: string[] = []
  const tell = (what: string): Promise<void> => {
    told.push(`${clock.now() / 1e6} ${what}`)
    return Promise.resolve()
  }
  for (const [ms, body] of at) clock.after(ms, () => void ledger.write(body))
  const drive: Drive = {
    ...{ ledger, clock, source: recordSource('1', 'steps'), ids, env: {}, budgetMs: 1 },
    ...(steps ? { steps } : {}),
  }
  await clock.until(
    walk(drive, {
      offer: (ids) => tell(`offer ${JSON.stringify(ids)}`),
      flush: () => tell('flush'),
      stop: () => tell('stop'),
    }),
  )
  const entered = ledger.entries
    .filter(({ kind }) => kind === 'offer' || kind === 'act')
    .map((entry) => (entry.kind === 'act' ? entry.what : 'offer'))
  const acted = told.map((line) => line.split(' ')[1])
  expect(entered.map((what) => (what === 'eof' ? 'stop' : what))).toEqual(acted)
  return told
}

const wait = (fact: 'request' | 'answer' | 'fault' | 'close' | 'landed'): Step => ({
  do: 'wait',
  for: fact,
  at_most_ms: 5000,
})
const offer = (records: number): Step => ({ do: 'offer', records })

describe('the steps of a case', () => {
  it('are everything, then the end, where it says none', async () => {
    expect(await walked(undefined)).toEqual(['0 offer [[0,0,9]]', '0 stop'])
  })

  it('offer the next records, and at the end those that are left', async () => {
    expect(await walked([offer(3), offer(2), { do: 'flush' }])).toEqual([
      '0 offer [[0,0,2]]',
      '0 offer [[0,3,4]]',
      '0 flush',
      '0 offer [[0,5,9]]',
      '0 stop',
    ])
  })

  it('offer across ranges', async () => {
    const ids: IdRange[] = [
      [0, 0, 1],
      [1, 0, 3],
    ]
    expect(await walked([offer(4)], [], ids)).toEqual([
      '0 offer [[0,0,1],[1,0,1]]',
      '0 offer [[1,2,3]]',
      '0 stop',
    ])
  })

  it('may stop twice, and offer after a stop, as they are written', async () => {
    const steps: Step[] = [offer(10), { do: 'stop' }, { do: 'stop' }]
    expect(await walked(steps)).toEqual(['0 offer [[0,0,9]]', '0 stop', '0 stop'])
    expect(await walked([offer(9), { do: 'stop' }, offer(1)])).toEqual([
      '0 offer [[0,0,8]]',
      '0 stop',
      '0 offer [[0,9,9]]',
    ])
  })
})

describe('a step that waits', () => {
  const fault: EntryBody = {
    kind: 'fault',
    rule: 'r',
    planned: { type: 'none', point: 'idle' },
    emitted: { type: 'none', point: 'idle' },
  }

  it.each<[Parameters<typeof wait>[0], EntryBody[]]>([
    ['request', [request(0)]],
    ['answer', [request(0), { kind: 'sent', req: 0, written: 'full' }]],
    ['fault', [fault]],
    ['close', [{ kind: 'close', conn: 0, by: 'server', how: 'fin' }]],
    ['landed', [{ kind: 'land', block: 0, ids: [[0, 0, 9]] }]],
  ])('for %s ends with it', async (fact, bodies) => {
    const at = bodies.map((body, i): [number, EntryBody] => [100 * (i + 1), body])
    const told = await walked([offer(10), wait(fact)], at)
    expect(told.at(-1)).toBe(`${100 * bodies.length} stop`)
  })

  it.each<[Parameters<typeof wait>[0], EntryBody]>([
    ['request', request(0, [])],
    ['answer', { kind: 'sent', req: 7, written: 'full' }],
    ['close', { kind: 'close', conn: 0, by: 'client', how: 'fin' }],
    ['landed', { kind: 'land', block: 0, ids: [[0, 0, 8]] }],
    ['landed', { kind: 'land', block: 0, ids: [[0, 0, 9]], error: 'disk full' }],
  ])('for %s is not ended by something else, only by its time', async (fact, body) => {
    const told = await walked([offer(10), wait(fact)], [[100, body]])
    expect(told.at(-1)).toBe('5000 stop')
  })

  it('counts from the step before it, not from the beginning', async () => {
    const told = await walked(
      [offer(5), wait('request'), offer(5), wait('request')],
      [
        [100, request(0)],
        [300, request(1)],
      ],
    )
    expect(told.map((line) => line.split(' ', 2).join(' '))).toEqual(['0 offer', '100 offer', '300 stop'])
  })

  it('ends with the client, after which nothing can come', async () => {
    const told = await walked([offer(10), wait('request')], [[200, { kind: 'claim', what: 'exit', code: 1 }]])
    expect(told.at(-1)).toBe('200 stop')
  })
})
