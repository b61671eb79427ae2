import { describe, expect, it } from 'vitest'
import type { Entry } from '../entry.ts'
import { TailraceError } from '../errors.ts'
import { shapers } from './decide.ts'
import { isReplay, Replaying, replayOf } from './replay.ts'
import { readTrace, traceOf, traceText } from './trace.ts'
import type { TraceLine } from './trace.ts'

const planned = { type: 'http_error', point: 'response-head', taken: false, status: 503 }
const line: TraceLine = {
  ...{ rule: 'a', key: '0.0', n: 2, spot: 'ingest:0.0#2', point: 'response-head' },
  planned,
  emitted: planned,
}
const refused = { type: 'connection_refused', point: 'accept', for_ms: 5 }
const open: Entry = { n: 1, t: 2e9, kind: 'open', conn: 0, proto: 'h1' }

function problemsOf(run: () => unknown): string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof TailraceError) return error.problems.map(({ at, got }) => `${at}: ${got}`)
    throw error
  }
  return expect.fail('nothing was refused')
}

describe('a trace', () => {
  it('has a line for each fault of a ledger, and nothing else', () => {
    const entries: Entry[] = [
      { n: 0, t: 1e9, kind: 'fault', rule: 'door', planned: refused, emitted: refused },
      open,
      {
        n: 2,
        t: 3e9,
        kind: 'fault',
        rule: 'a',
        req: 0,
        key: '0.0',
        count: 2,
        spot: 'ingest:0.0#2',
        planned,
        emitted: planned,
      },
      {
        n: 3,
        t: 4e9,
        vt: 8e9,
        kind: 'fault',
        rule: 'late',
        planned: refused,
        emitted: { ...refused, type: 'none' },
      },
      { n: 4, t: 5e9, kind: 'take', req: 0, ids: [] },
    ]
    expect(traceOf(entries)).toEqual([
      // What was there before anybody came was there from the start.
      { rule: 'door', at_s: 0, point: 'accept', planned: refused, emitted: refused },
      line,
      {
        ...{ rule: 'late', at_s: 8, point: 'accept', planned: refused },
        emitted: { ...refused, type: 'none' },
      },
    ])
  })

  it('is not made of a ledger that does not say where', () => {
    const old: Entry = { n: 7, t: 1, kind: 'fault', rule: 'a', req: 0, planned, emitted: planned }
    expect(problemsOf(() => traceOf([old, old]))).toEqual(['entry 7: none', 'entry 7: none'])
  })

  it('is read as it was written', () => {
    const lines = [line, { ...line, spot: 'connection:0', planned: { ...planned, type: 'empty_response' } }]
    expect(() => readTrace(traceText(lines), 'mine')).toThrow(/status/) // not an argument of an empty response
    expect(readTrace(traceText([line, line]), 'mine')).toEqual([line, line])
    expect(readTrace('\n', 'mine')).toEqual([])
  })

  it('is refused with all that is wrong, by line and pointer', () => {
    const bad = [
      JSON.stringify(line),
      '{"rule": "a"',
      JSON.stringify({ ...line, rule: '', odd: 1, n: -1 }),
      JSON.stringify({ ...line, point: 'nowhere' }),
      JSON.stringify({ ...line, point: 'request' }),
      JSON.stringify({ ...line, planned: { ...planned, status: 700 } }),
      JSON.stringify({ ...line, planned: { ...planned, type: 'http_eror' } }),
      '5',
    ]
    const found = problemsOf(() => readTrace(bad.join('\n'), 'mine')).map((each) => each.split(': ')[0])
    expect(new Set(found)).toEqual(new Set([2, 3, 4, 5, 6, 7, 8].map((n) => `mine:${n}`)))
    const pointers = problemsOf(() => readTrace(bad[2] ?? '', 'mine')).map((each) => each.split(': ')[1])
    expect(pointers.sort()).toEqual(['/n', '/odd', '/rule'])
  })
})

describe('a replay', () => {
  it('is a plan, in which what comes by the clock stands as rules', () => {
    const stop = { type: 'client_stop', point: 'client', how: 'sigkill', after_ms: 5 }
    const byTheClock = (rule: string, planned: TraceLine['planned'], at_s: number): TraceLine => ({
      ...{ rule, point: planned.point, planned, emitted: planned, at_s },
    })
    const replay = replayOf([byTheClock('door', refused, 2), line, byTheClock('stop', stop, 3)], 's')
    expect(isReplay(replay)).toBe(true)
    expect(replay).toMatchObject({
      version: 1,
      seed: 's',
      rules: [
        {
          ...{ id: 'door', on: 'accept', when: { from_s: 2 } },
          fault: { type: 'connection_refused', for_ms: 5 },
        },
        { id: 'stop', on: 'client', fault: { type: 'client_stop', how: 'sigkill', after_ms: 5 } },
      ],
    })
    expect(shapers(replay, 0, 0)).toEqual([])
  })

  it('shapes the connections that were shaped', () => {
    const latency = { type: 'latency', point: 'accept', delay_ms: 5 }
    const shape: TraceLine = {
      ...{ rule: 'link', spot: 'connection:1', point: 'accept', planned: latency, emitted: latency },
    }
    const replaying = new Replaying(replayOf([shape], 's'))
    expect(replaying.shapes).toBe(true)
    expect(replaying.shapers(1)).toEqual([{ rule: 'link', fault: { type: 'latency', delay_ms: 5 } }])
    expect(replaying.shapers(0)).toEqual([])
  })
})
