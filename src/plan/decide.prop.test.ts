import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { counters } from './counters.ts'
import { decide } from './decide.ts'
import type { Decision, Subject } from './decide.ts'
import { checkPlan } from './parse.ts'
import type { Plan, Rule } from './plan.ts'

const planOf = (rules: readonly Rule[], seed: string): Plan => checkPlan({ version: 1, seed, rules }, 'test')

/** Rules whose decisions hang on content alone. */
const when = fc.record(
  {
    attempt: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
    probability: fc.double({ min: 0, max: 1, noNaN: true }),
  },
  { requiredKeys: [] },
)
const statuses = fc.integer({ min: 300, max: 599 })
const error = statuses.map((status) => ({ type: 'http_error' as const, status }))
const what = fc.oneof(
  error.map((fault) => ({ fault })),
  fc.array(error, { minLength: 1, maxLength: 3 }).map((outcomes) => ({ outcomes })),
  fc.array(error, { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
)
const rules = fc
  .array(fc.tuple(when, what), { minLength: 1, maxLength: 4 })
  .map((all) =>
    all.map(([when, what], i): Rule => ({ id: `r${i}`, on: 'response-head', taken: false, when, ...what })),
  )
const seed = fc.string({ minLength: 1, maxLength: 8 })
const contents = fc.array(
  fc.integer({ min: 0, max: 5 }).map((seq) => `0.${seq}`),
  { maxLength: 24 },
)

function decideAll(plan: Plan, order: readonly string[]): Map<string, (Decision | undefined)[]> {
  const counts = counters()
  const made = new Map<string, (Decision | undefined)[]>()
  order.forEach((content, connection) => {
    const subject: Subject = {
      points: ['response-head', 'response-body', 'response-end'],
      method: 'POST',
      path: '/',
      headers: [],
      content,
      connection,
      atS: connection,
    }
    made.set(content, [...(made.get(content) ?? []), decide(plan, subject, counts)])
  })
  return made
}

describe('decisions by content', () => {
  it('are the same under any order of arrival', () => {
    const orders = contents.chain((order) =>
      fc.tuple(fc.constant(order), fc.shuffledSubarray(order, { minLength: order.length })),
    )
    fc.assert(
      fc.property(rules, seed, orders, (all, seed, [one, other]) => {
        const plan = planOf(all, seed)
        expect(decideAll(plan, other)).toEqual(decideAll(plan, one))
      }),
    )
  })

  it('are the same under the same seed', () => {
    fc.assert(
      fc.property(rules, seed, contents, (all, seed, order) => {
        expect(decideAll(planOf(all, seed), order)).toEqual(decideAll(planOf(all, seed), order))
      }),
    )
  })

  it('do not shift when another rule is edited or taken out', () => {
    fc.assert(
      fc.property(rules, seed, contents, when, (all, seed, order, edit) => {
        const watched: Rule = {
          id: 'watched',
          on: 'response-head',
          taken: false,
          when: { probability: 0.5 },
          fault: { type: 'empty_response' },
        }
        const edited = all.map((rule, i) => (i === 0 ? { ...rule, when: edit } : rule))
        const alone = decideAll(planOf([watched], seed), order)
        for (const others of [all, edited]) {
          const together = decideAll(planOf([...others, watched], seed), order)
          for (const [content, decisions] of together) {
            decisions.forEach((decision, i) => {
              // Where no earlier rule took the slot, the watched one decides as if it were alone.
              if (!decision || decision.rule === 'watched') expect(decision).toEqual(alone.get(content)?.[i])
            })
          }
        }
      }),
    )
  })

  it('go to the first of the rules that would fire alone', () => {
    fc.assert(
      fc.property(rules, seed, contents, (all, seed, order) => {
        const together = decideAll(planOf(all, seed), order)
        const alone = all.map((rule) => decideAll(planOf([rule], seed), order))
        for (const [content, decisions] of together) {
          decisions.forEach((decision, i) => {
            const first = alone.map((made) => made.get(content)?.[i]).find((made) => made !== undefined)
            expect(decision).toEqual(first)
          })
        }
      }),
    )
  })
})

/** A request is what its content says: so that the same content is the same request, whenever it comes. */
function subjectOf(content: string, atS: number): Subject {
  const seq = Number(content.split('.')[1])
  return {
    points: ['response-head', 'response-body', 'response-end'],
    method: 'POST',
    path: seq % 2 === 0 ? '/even' : '/odd',
    headers: [['x-tenant', String(seq % 3)]],
    content,
    connection: seq % 4,
    json: { seq },
    atS,
  }
}

const anyWhen = fc.record(
  {
    attempt: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
    nth: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
    every: fc.integer({ min: 1, max: 3 }),
    probability: fc.double({ min: 0, max: 1, noNaN: true }),
  },
  { requiredKeys: [] },
)
const anyKey = fc.constantFrom<Rule['key']>('content', 'connection', 'global', 'header:x-tenant', 'json:/seq')
const anyMatch = fc.constantFrom<Rule['match'] & object>({}, { path: '/even' }, { json: { '/seq': 3 } })
/** Of every sort, and of them one in two that counts by content alone. */
const counting = fc.oneof(fc.tuple(when, fc.constant('content' as const)), fc.tuple(anyWhen, anyKey))
const anyRules = fc.array(fc.tuple(counting, anyMatch, what), { minLength: 1, maxLength: 4 }).map((all) =>
  all.map(([[when, key], match, what], i): Rule => {
    return { id: `r${i}`, on: 'response-head', taken: false, when, match, ...(key ? { key } : {}), ...what }
  }),
)
const many = fc.array(
  fc.integer({ min: 0, max: 5 }).map((seq) => `0.${seq}`),
  { minLength: 6, maxLength: 24 },
)

/** The decisions about each content, in turn. */
function decideEach(plan: Plan, order: readonly string[]): Map<string, (Decision | undefined)[]> {
  const counts = counters()
  const made = new Map<string, (Decision | undefined)[]>()
  order.forEach((content, i) => {
    made.set(content, [...(made.get(content) ?? []), decide(plan, subjectOf(content, i), counts)])
  })
  return made
}

const isMarked = (decision: Decision | undefined): boolean => decision?.orderDependent === true

/** How many decisions were compared: of those which neither order marks, each must be the same. */
function compareUnmarked(
  one: ReturnType<typeof decideEach>,
  other: ReturnType<typeof decideEach>,
  contents: Iterable<string>,
): number {
  let compared = 0
  for (const content of contents) {
    one.get(content)?.forEach((decision, i) => {
      const again = other.get(content)?.[i]
      if (isMarked(decision) || isMarked(again)) return
      expect(again).toEqual(decision)
      compared += decision ? 1 : 0
    })
  }
  return compared
}

describe('what is not marked as order dependent', () => {
  it('is the same under any order of arrival, whatever the rules count by', () => {
    let compared = 0
    const orders = many.chain((order) =>
      fc.tuple(fc.constant(order), fc.shuffledSubarray(order, { minLength: order.length })),
    )
    fc.assert(
      fc.property(anyRules, seed, orders, (all, seed, [one, other]) => {
        const plan = planOf(all, seed)
        compared += compareUnmarked(decideEach(plan, one), decideEach(plan, other), new Set(one))
      }),
    )
    expect(compared).toBeGreaterThan(20)
  })

  it('is the same when unrelated requests come between', () => {
    let compared = 0
    const others = fc.array(fc.tuple(fc.nat(24), fc.integer({ min: 6, max: 11 })), { maxLength: 20 })
    fc.assert(
      fc.property(anyRules, seed, many, others, (all, seed, order, others) => {
        const plan = planOf(all, seed)
        const mixed = [...order]
        for (const [at, seq] of others) mixed.splice(Math.min(at, mixed.length), 0, `0.${seq}`)
        compared += compareUnmarked(decideEach(plan, order), decideEach(plan, mixed), new Set(order))
      }),
    )
    expect(compared).toBeGreaterThan(20)
  })
})

describe('a rule that is taken out', () => {
  it('changes no decision of the others, whatever they count by', () => {
    fc.assert(
      fc.property(anyRules, seed, many, fc.nat(3), (all, seed, order, which) => {
        const gone = all[which % all.length]
        const rest = all.filter((rule) => rule !== gone)
        const before = decideEach(planOf(all, seed), order)
        const after = decideEach(planOf(rest, seed), order)
        for (const [content, decisions] of before) {
          decisions.forEach((decision, i) => {
            if (decision?.rule !== gone?.id) expect(after.get(content)?.[i]).toEqual(decision)
          })
        }
      }),
    )
  })
})

describe('a probability', () => {
  it.each([0, 0.1, 0.5, 0.9, 1])('of %f fires about as often as it says', (probability) => {
    const rule: Rule = {
      id: 'chance',
      on: 'response-head',
      taken: false,
      when: { probability },
      fault: { type: 'empty_response' },
    }
    const order = Array.from({ length: 4000 }, (_, seq) => `0.${seq}`)
    const fired = [...decideAll(planOf([rule], '1'), order).values()].flat().filter(Boolean).length
    expect(Math.abs(fired / 4000 - probability)).toBeLessThan(0.03) // 3.8 standard deviations at one half
  })
})
