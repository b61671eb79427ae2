/** Steering in virtual time: what an edit changes, from when on, for whom, and for how long. */
import { describe, expect, it } from 'vitest'
import { HandClock } from '../src/clock.ts'
import { TailraceError } from '../src/errors.ts'
import { checkPlan } from '../src/plan/parse.ts'
import type { Plan, Rule } from '../src/plan/plan.ts'
import { Steering } from './steering.ts'
import { inMemory } from './testing/in-memory.ts'
import type { InMemory } from './testing/in-memory.ts'

/** Answers with this status, untaken, in place of the protocol. */
function refuse(id: string, status: number, over: Partial<Rule> = {}): Rule {
  const fault = { type: 'http_error', status } as const
  return { id, key: 'content', on: 'response-head', taken: false, fault, ...over }
}

const planOf = (...rules: Rule[]): Plan => checkPlan({ version: 1, seed: '1', rules }, 'test')
const manual = { fire: 'manual' } as const

/** Statuses of requests that are sent one after the other, each of one record. */
async function statuses(server: InMemory, ...seqs: number[]): Promise<(number | string)[]> {
  const all: (number | string)[] = []
  for (const seq of seqs) all.push((await server.clock.until(server.post(seq))).status)
  return all
}

function problemsOf(run: () => unknown): string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'plan') {
      return error.problems.map(({ at, expected, got }) => `${at}: ${expected}, got ${got}`)
    }
    throw error
  }
  return expect.fail('nothing was refused')
}

function steering(...rules: Rule[]): { clock: HandClock; steering: Steering } {
  const clock = new HandClock()
  return { clock, steering: new Steering(planOf(...rules), clock) }
}

describe('a plan that is replaced', () => {
  it('decides for the next request, at once', async () => {
    const server = inMemory([])
    expect(await statuses(server, 0)).toEqual([202])
    expect(server.steering.replace(planOf(refuse('a', 503)))).toBe(2)
    expect(await statuses(server, 1)).toEqual([503])
    expect(server.steering.replace(planOf())).toBe(3)
    expect(await statuses(server, 2)).toEqual([202])
    expect(server.entries('fault')).toMatchObject([{ rule: 'a', generation: 2 }])
    await server.stop()
  })

  it('still decides for what began under it', async () => {
    const held: Rule = { id: 'held', on: 'request', fault: { type: 'stall', for_ms: 1000 } }
    const server = inMemory([held, refuse('old', 503)])
    const first = server.post(0)
    await server.clock.advance(500)
    server.steering.replace(planOf(refuse('new', 500)))
    const second = server.post(1)
    const seen = await server.clock.until(Promise.all([first, second]))
    expect(seen.map(({ status }) => status)).toEqual([503, 500])
    const generations = server.entries('fault').map(({ rule, generation }) => [rule, generation])
    expect(generations.sort()).toEqual([
      ['held', undefined],
      ['new', 2],
      ['old', undefined],
    ])
    await server.stop()
  })

  it('by an equal one is not replaced: counts and what is told stay', () => {
    const { steering: it } = steering(refuse('a', 503, { when: manual }), refuse('b', 500))
    const { current } = it
    it.fire({ rule: 'a' })
    it.fire({ fault: { type: 'reset_peer' }, on: 'request' })
    expect(it.generation).toBe(2)
    expect(it.replace(structuredClone(it.plan))).toBe(2)
    expect(it.current).not.toBe(current)
    expect(it.current.plan.rules.map(({ id }) => id)).toEqual(['fire-1', 'a', 'b'])
  })

  it('by another one takes what was fired and did not strike with it', () => {
    const { steering: it } = steering(refuse('a', 503))
    it.fire({ fault: { type: 'reset_peer' }, on: 'request' })
    it.replace(planOf(refuse('b', 503)))
    expect(it.current.plan.rules.map(({ id }) => id)).toEqual(['b'])
  })

  it('is refused with all that is wrong, and then stays', () => {
    const { steering: it } = steering(refuse('a', 503))
    const bad = { version: 1, seed: '1', rules: [refuse('x', 700), refuse('x', 503, { on: 'nowhere' })] }
    expect(problemsOf(() => it.replace(bad)).map((each) => each.split(':')[0])).toEqual([
      '/rules/0/fault/status',
      '/rules/1/id',
      '/rules/1/on',
    ])
    expect([it.generation, it.plan.rules.length]).toEqual([1, 1])
  })
})

describe('an edit of one rule', () => {
  const first = { when: { attempt: [1] } }

  it('leaves the counts of the others alone, and its own begin anew', async () => {
    const server = inMemory([refuse('a', 501, first), refuse('b', 502, { when: { attempt: [2] } })])
    expect(await statuses(server, 0)).toEqual([501])
    server.steering.change(refuse('a', 503, first))
    // The second request of this record for `b`, the first for the new `a`, which stands first.
    expect(await statuses(server, 0, 0)).toEqual([503, 202])
    server.steering.change(refuse('b', 504, { when: { attempt: [1] } }))
    expect(await statuses(server, 0)).toEqual([504])
    await server.stop()
  })

  it('adds it behind the others, and deletes it', async () => {
    const server = inMemory([refuse('a', 501, first)])
    server.steering.add(refuse('b', 502))
    expect(await statuses(server, 0, 0)).toEqual([501, 502])
    server.steering.delete('a')
    expect(await statuses(server, 1)).toEqual([502])
    expect(server.steering.plan.rules.map(({ id }) => id)).toEqual(['b'])
    await server.stop()
  })

  it('disables it: it neither strikes nor counts, and keeps what it has counted', async () => {
    const server = inMemory([refuse('a', 501, { when: { attempt: [1, 3] } })])
    expect(await statuses(server, 0)).toEqual([501])
    server.steering.disable('a')
    expect(server.steering.disabled).toEqual(['a'])
    expect(await statuses(server, 0, 0)).toEqual([202, 202])
    server.steering.enable('a')
    expect(server.steering.disabled).toEqual([])
    expect(await statuses(server, 0, 0, 0)).toEqual([202, 501, 202])
    await server.stop()
  })

  it('begins a generation only where it changes something', () => {
    const { steering: it } = steering(refuse('a', 503))
    expect([it.enable('a'), it.disable('a'), it.disable('a'), it.enable('a')]).toEqual([1, 2, 2, 3])
    expect(it.change(refuse('a', 503))).toBe(3)
  })

  it.each<[string, (it: Steering) => unknown, RegExp]>([
    ['no such rule', (it) => it.delete('b'), /^\/rule: one of a, got "b"$/],
    ['no such rule to change', (it) => it.change(refuse('b', 503)), /^\/rule: one of a, got "b"$/],
    ['a name that is taken', (it) => it.add(refuse('a', 500)), /^\/id: an id of its own, got "a"$/],
    ['no rule', (it) => it.add(5), /^\/: object, got 5$/],
    ['a bad rule', (it) => it.add(refuse('b', 700)), /^\/fault\/status: <= 599, got 700$/],
    ['no time', (it) => it.disable('a', { ttl_s: 0 }), /^\/ttl_s: a number of seconds above 0, .*got 0$/],
    ['no number', (it) => it.set('s', { ttl_s: NaN }), /^\/ttl_s: a number of seconds above 0/],
    ['a text for a number', (it) => it.quiet('9' as never), /^\/ttl_s: .*got "9"$/],
    ['no state', (it) => it.set(''), /^\/state: NOT have fewer than 1 characters/],
    [
      'a fault of the listener',
      (it) => it.add({ id: 'b', on: 'accept', fault: { type: 'connection_refused', for_ms: 1 } }),
      /^\/rules: the faults of listener and client as they were at the start, got b$/,
    ],
  ])('is refused: %s', (_, edit, problem) => {
    const { steering: it } = steering(refuse('a', 503))
    expect(problemsOf(() => edit(it))).toEqual([expect.stringMatching(problem)])
    expect(it.generation).toBe(1)
  })
})

describe('fire', () => {
  it('tells a rule, which strikes the next matches, so many times', async () => {
    const server = inMemory([refuse('told', 503, { when: manual })])
    expect(await statuses(server, 0)).toEqual([202])
    expect(server.steering.fire({ rule: 'told', times: 2 })).toBe('told')
    expect(await statuses(server, 1, 2, 3)).toEqual([503, 503, 202])
    server.steering.fire({ rule: 'told' })
    expect(await statuses(server, 4, 5)).toEqual([503, 202])
    expect(server.entries('fault').every(({ orderDependent }) => orderDependent)).toBe(true)
    expect(server.steering.generation).toBe(1)
    await server.stop()
  })

  it('has a fault strike once, before every rule of the plan, and then it is spent', async () => {
    const server = inMemory([refuse('a', 500)])
    const fault = { type: 'http_error', status: 503 } as const
    expect(server.steering.fire({ fault, on: 'response-head', taken: false })).toBe('fire-1')
    expect(server.steering.generation).toBe(2)
    expect(await statuses(server, 0, 1)).toEqual([503, 500])
    expect(server.steering.generation).toBe(3)
    expect(server.entries('fault').map(({ rule }) => rule)).toEqual(['fire-1', 'a'])
    expect(server.steering.plan.rules.map(({ id }) => id)).toEqual(['a'])
    await server.stop()
  })

  it('strikes the connection that it names, and no other', async () => {
    const server = inMemory([])
    const both = await server.clock.until(Promise.all([server.post(0), server.post(1)]))
    expect(both.map(({ status }) => status)).toEqual([202, 202])
    server.steering.fire({ fault: { type: 'reset_peer' }, on: 'request', connection: 1 })
    const next = await server.clock.until(Promise.all([server.post(2), server.post(3)]))
    expect(next.map(({ status }) => status).sort()).toEqual([202, 'cut'])
    expect(server.entries('fault')).toMatchObject([{ rule: 'fire-1', key: 'connection:1' }])
    await server.stop()
  })

  it('closes an idle connection when its next answer is out', async () => {
    const server = inMemory([])
    server.steering.fire({ fault: { type: 'idle_close', after_ms: 10 }, on: 'idle' })
    expect(await statuses(server, 0)).toEqual([202])
    await server.clock.advance(10)
    expect(server.entries('fault')).toMatchObject([{ rule: 'fire-1', emitted: { type: 'idle_close' } }])
    expect(server.entries('close')).toHaveLength(1)
    await server.stop()
  })

  it.each<[string, unknown, RegExp[]]>([
    ['nothing', null, [/^\/: object, got null$/, /^\/: exactly one of fault, /]],
    ['an unknown rule', { rule: 'x' }, [/^\/rule: one of told, got "x"$/]],
    ['a rule that is not told', { rule: 'a' }, [/^\/rule: one of told, got "a"$/]],
    ['too often', { rule: 'told', times: 0 }, [/^\/times: >= 1, got 0$/]],
    ['an unknown key', { rule: 'told', time: 2 }, [/^\/time: one of rule, times, got an unknown key$/]],
    [
      'what cannot strike there',
      { fault: { type: 'http_error', status: 700 }, on: 'request', connection: -1 },
      [
        /^\/fault\/status: <= 599, got 700$/,
        /^\/connection: >= 0, got -1$/,
        /^\/fault: a fault that can strike at request, got http_error/,
      ],
    ],
    [
      'no word on taking',
      { fault: { type: 'reset_peer' }, on: 'response-head' },
      [/^\/: the key taken: at response-head records are taken or not, got none$/],
    ],
    [
      'a fault of the listener',
      { fault: { type: 'connection_refused', for_ms: 1 }, on: 'accept' },
      [/^\/fault: a fault of an exchange or of a connection, got /],
    ],
  ])('is refused: %s', (_, order, problems) => {
    const { steering: it } = steering(refuse('told', 503, { when: manual }), refuse('a', 503))
    const found = problemsOf(() => it.fire(order as never))
    for (const problem of problems) expect(found).toContainEqual(expect.stringMatching(problem))
    expect(it.generation).toBe(1)
  })
})

describe('a state', () => {
  it('turns rules and shapes on and off, at once and for what has begun', async () => {
    const slow: Rule = {
      id: 'slow',
      on: 'accept',
      when: { state: 'slow' },
      shape: [{ type: 'latency', delay_ms: 40 }],
    }
    const server = inMemory([slow, refuse('a', 503, { when: { state: 'down' } })])
    expect(await statuses(server, 0)).toEqual([202])
    server.steering.set('down')
    server.steering.set('slow')
    expect(server.steering.states).toEqual(['down', 'slow'])
    expect(await server.clock.until(server.post(1))).toMatchObject({ status: 503, atMs: 80 })
    server.steering.unset('down')
    server.steering.unset('slow')
    expect(await server.clock.until(server.post(2))).toMatchObject({ status: 202, atMs: 80 })
    // The shaper was not there when its connection opened, and is entered when it shapes.
    expect(server.entries('fault').map(({ rule, conn }) => [rule, conn === undefined])).toEqual([
      ['slow', false],
      ['a', true],
    ])
    expect(server.steering.generation).toBe(1)
    await server.stop()
  })
})

describe('quiet', () => {
  it('lasts until it is over, or for its time; nothing is counted meanwhile', async () => {
    const server = inMemory([refuse('a', 503, { when: { attempt: [1, 2, 3] } })])
    expect(await statuses(server, 0)).toEqual([503])
    server.steering.quiet()
    expect(await statuses(server, 0, 0)).toEqual([202, 202])
    server.steering.resume()
    expect(await statuses(server, 0)).toEqual([503])
    server.steering.quiet(5)
    expect(await statuses(server, 0)).toEqual([202])
    await server.clock.advance(5000)
    expect(await statuses(server, 0, 0)).toEqual([503, 202])
    await server.stop()
  })
})

describe('reset', () => {
  it('has every rule count from the beginning', async () => {
    const server = inMemory([refuse('a', 503, { when: { attempt: [1] } })])
    expect(await statuses(server, 0, 0)).toEqual([503, 202])
    server.steering.reset()
    expect(await statuses(server, 0, 0)).toEqual([503, 202])
    await server.stop()
  })
})

describe('an edit with an end', () => {
  it('takes itself back, by the clock of the run, and sets no timer', async () => {
    const { clock, steering: it } = steering(refuse('a', 503))
    it.replace(planOf(refuse('b', 503)), { ttl_s: 10 })
    it.set('down', { ttl_s: 5 })
    it.add(refuse('c', 503), { ttl_s: 7 })
    const seen = (): unknown => [it.generation, it.plan.rules.map(({ id }) => id), it.states]
    expect(seen()).toEqual([3, ['b', 'c'], ['down']])
    await clock.advance(5000)
    expect(seen()).toEqual([3, ['b', 'c'], []])
    await clock.advance(2000)
    expect(seen()).toEqual([4, ['b'], []])
    await clock.advance(3000)
    expect(seen()).toEqual([5, ['a'], []])
    await expect(clock.until(new Promise(() => {}))).rejects.toThrow('no timer is set')
  })

  it('takes back itself and nothing that came after it', async () => {
    const { clock, steering: it } = steering(refuse('a', 503), refuse('b', 503))
    it.disable('a', { ttl_s: 1 })
    it.disable('b')
    it.quiet(2)
    it.resume()
    await clock.advance(1000)
    expect([it.disabled, it.isQuiet]).toEqual([['b'], false])
    it.replace(planOf(refuse('x', 503)), { ttl_s: 1 })
    it.replace(planOf(refuse('y', 503)))
    await clock.advance(1000)
    expect(it.plan.rules.map(({ id }) => id)).toEqual(['y'])
  })

  it('is one of a bounded number', () => {
    const { steering: it } = steering(refuse('a', 503))
    for (let i = 0; i < 1000; i += 1) it.set('s', { ttl_s: 1 })
    expect(problemsOf(() => it.set('s'))).toEqual([expect.stringMatching(/^\/ttl_s: at most 1000 edits/)])
  })
})
