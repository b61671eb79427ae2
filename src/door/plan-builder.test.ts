/** The builder, YAML and JSON are three forms of one plan: the same object, and the same trace. */
import { readFileSync } from 'node:fs'
import { request } from 'undici'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { serveMemory } from '../../fakes/server-memory.ts'
import { ndjson, optionsFor } from '../../fakes/testing/serving.ts'
import { HandClock } from '../clock.ts'
import { TailraceError } from '../errors.ts'
import { parsePlan } from '../plan/parse.ts'
import type { Plan } from '../plan/plan.ts'
import { traceOf, traceText } from '../plan/trace.ts'
import { faultPlan } from './plan-builder.ts'

const yaml = readFileSync(new URL('../plan/testing/example.yaml', import.meta.url), 'utf8')

function built(): Plan {
  return faultPlan({ seed: 42 })
    .rule('lost-ack', (r) =>
      r
        .post('/v0/events')
        .key('content')
        .attempts(1, 2)
        .taken()
        .at('response-head')
        .fault({ type: 'reset_peer', linger_ms: 20 }),
    )
    .rule('script', (r) =>
      r
        .path('/v0/batch')
        .key('content')
        .at('response-head')
        .untaken()
        .outcomes(
          { type: 'http_error', status: 503 },
          { type: 'http_error', status: 429, retry_after_s: 2 },
          { type: 'none' },
        ),
    )
    .rule('link', (r) => r.at('accept').shape({ type: 'latency', delay_ms: 40, jitter_ms: 10 }))
    .rule('found-1', (r) =>
      r
        .site('ingest:0.0#1@response-head')
        .untaken()
        .fault({ type: 'http_error', status: 503, retry_after_s: 1 }),
    )
    .quietAfter(30)
    .build()
}

/** The trace of the same requests under a plan. */
async function traced(plan: Plan): Promise<string> {
  const clock = new HandClock()
  const options = optionsFor([], clock)
  const server = serveMemory({ ...options, plan })
  const { dispatcher } = server.transport
  const send = async (path: string, seq: number): Promise<void> => {
    const asked = { dispatcher, method: 'POST', body: ndjson(seq, seq) } as const
    await request(server.base + path, asked).then(
      ({ body }) => body.dump(),
      () => undefined, // cut, as planned
    )
  }
  const work = async (): Promise<void> => {
    for (const seq of [0, 1, 0, 1, 0, 1]) {
      await send('/v0/events', seq + 10)
      await send('/v0/batch', seq)
    }
  }
  await clock.until(work())
  await server.stop()
  return traceText(traceOf(options.ledger.entries))
}

describe('the builder', () => {
  it('makes the object that the YAML holds', () => {
    expect(built()).toEqual(parsePlan(yaml, 'example'))
  })

  it('makes a plan with the trace of its YAML and of its JSON', async () => {
    const plan = built()
    const trace = await traced(plan)
    // Two attempts of two batches each are reset, two of two others are refused and one served; and the link.
    expect(trace.split('\n').filter((line) => line.includes('"lost-ack"'))).toHaveLength(4)
    expect(trace.split('\n').filter((line) => line.includes('"script"'))).toHaveLength(6)
    expect(trace).toContain('"link"')
    expect(await traced(parsePlan(yaml, 'yaml'))).toBe(trace)
    expect(await traced(parsePlan(stringify(plan), 'yaml again'))).toBe(trace)
    expect(await traced(parsePlan(JSON.stringify(plan), 'json'))).toBe(trace)
  })

  it('has a step for every member of a rule', () => {
    const { rules } = faultPlan({ seed: '1' })
      .rule('a', (r) =>
        r
          .get('/a', { prefix: '/b' })
          .header('x-a', { present: true })
          .header('x-b', 'b')
          .json('/a', 1)
          .json('/b', null)
          .bytesAbove(5)
          .key('global')
          .nth(1, 2)
          .every(2)
          .probability(0.5)
          .from(1)
          .until(2)
          .manual()
          .whileState('down')
          .untaken()
          .at('response-head')
          .oneOf({ type: 'http_error', status: 503, weight: 2 }, { type: 'empty_response' })
          .fired({ min: 0 }),
      )
      .build()
    expect(rules).toEqual([
      {
        id: 'a',
        match: {
          method: 'GET',
          path: ['/a', { prefix: '/b' }],
          headers: { 'x-a': { present: true }, 'x-b': 'b' },
          json: { '/a': 1, '/b': null },
          bytes_above: 5,
        },
        key: 'global',
        on: 'response-head',
        when: {
          nth: [1, 2],
          every: 2,
          probability: 0.5,
          from_s: 1,
          until_s: 2,
          fire: 'manual',
          state: 'down',
        },
        taken: false,
        oneOf: [{ type: 'http_error', status: 503, weight: 2 }, { type: 'empty_response' }],
        expect: { fired: { min: 0 } },
      },
    ])
  })

  it('leaves what it was made from as it was', () => {
    const start = faultPlan({ seed: '1' })
    const some = start.rule('a', (r) => r.at('request').fault({ type: 'reset_peer' }))
    expect(start.build().rules).toEqual([])
    expect(some.rule('b', (r) => r.at('request').fault({ type: 'stall' })).build().rules).toHaveLength(2)
    expect(some.build().rules).toHaveLength(1)
  })

  it('is typed by fault, and checked all the same', () => {
    const begun = faultPlan({ seed: '1' })
    const wrong = [
      // @ts-expect-error: a reset has no status
      begun.rule('a', (r) => r.at('request').fault({ type: 'reset_peer', status: 503 })),
      // @ts-expect-error: an error has one
      begun.rule('a', (r) => r.at('response-head').untaken().fault({ type: 'http_error' })),
      // @ts-expect-error: there is no such fault
      begun.rule('a', (r) => r.at('request').fault({ type: 'reset_pere' })),
    ]
    for (const plan of wrong) expect(() => plan.build()).toThrow(TailraceError)
  })

  it('says all that is wrong when it builds', () => {
    const bad = faultPlan({ seed: '1' })
      .rule('a', (r) => r.at('response-head').fault({ type: 'http_error', status: 700 }))
      .rule('a', (r) => r.at('request').key('content').fault({ type: 'reset_peer' }))
    try {
      bad.build()
      expect.fail('it was built')
    } catch (error) {
      if (!(error instanceof TailraceError)) throw error
      expect(error.problems.map(({ at }) => at)).toEqual([
        '/rules/0/fault/status',
        '/rules/0',
        '/rules/1/id',
        '/rules/1/key',
      ])
    }
  })
})
