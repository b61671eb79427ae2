import { describe, expect, it } from 'vitest'
import { TailraceError } from './errors.ts'
import { profiles } from './profile.ts'
import type { Profile } from './profile.ts'
import type { Case } from './scenario.ts'
import { select } from './select.ts'
import type { Selection } from './select.ts'
import { caseOf } from './testing/cases.ts'

const plain: Selection = {
  mode: 'ingest',
  protocol: 'generic',
  profile: profiles['generic'] as Profile,
  level: 'should',
  tier: 'full',
  rung: 'pipe',
  knobs: [],
  only: [],
  skip: [],
}

const cases: readonly Case[] = [
  caseOf('ing.a'),
  caseOf('ing.b', { level: 'SHOULD' }),
  caseOf('ing.c', { level: 'MAY' }),
  caseOf('ing.ra.429', { tier: 'soak' }),
  caseOf('str.a', { mode: 'stream' }),
]

const ids = (over: Partial<Selection>, from = cases): string[] =>
  select(from, { ...plain, ...over }).run.map(({ id }) => id)

function refusal(over: Partial<Selection>): TailraceError {
  try {
    select(cases, { ...plain, ...over })
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('a selection', () => {
  it('has the cases of one mode, in their order', () => {
    expect(ids({ mode: 'ingest' })).toEqual(['ing.a', 'ing.b'])
    expect(ids({ mode: 'stream' })).toEqual(['str.a'])
  })

  it('has the levels that the choice runs', () => {
    expect(ids({ level: 'must' })).toEqual(['ing.a'])
    expect(ids({ level: 'should' })).toEqual(['ing.a', 'ing.b'])
    expect(ids({ level: 'may' })).toEqual(['ing.a', 'ing.b', 'ing.c'])
  })

  it('goes by the level that the profile gives a case', () => {
    const profile = profiles['events-api-guide'] as Profile // makes it MAY
    expect(ids({ tier: 'soak', level: 'must' })).toContain('ing.ra.429')
    expect(ids({ tier: 'soak', level: 'must', profile })).not.toContain('ing.ra.429')
    expect(ids({ tier: 'soak', level: 'may', profile })).toContain('ing.ra.429')
  })

  it('has the tier and those below it', () => {
    const tiered = [caseOf('q'), caseOf('f', { tier: 'full' }), caseOf('s', { tier: 'soak' })]
    expect(ids({ tier: 'quick' }, tiered)).toEqual(['q'])
    expect(ids({ tier: 'full' }, tiered)).toEqual(['q', 'f'])
    expect(ids({ tier: 'soak' }, tiered)).toEqual(['q', 'f', 's'])
  })

  it('has what --only names, less what --skip names', () => {
    expect(ids({ only: ['*.b', 'ing.a'] })).toEqual(['ing.a', 'ing.b'])
    expect(ids({ skip: ['*.a'] })).toEqual(['ing.b'])
    expect(ids({ only: ['ing.*'], skip: ['ing.b'] })).toEqual(['ing.a'])
  })
})

describe('a selection that cannot be made', () => {
  it('names every glob that fits no case, and exits with 3', () => {
    const error = refusal({ only: ['ing.*', 'ing.z'], skip: ['nothing'] })
    expect(error.exitCode).toBe(3)
    expect(error.message).toBe(
      'these fit no case (see: tailrace list)\n' +
        '  --only: expected a case id, or a glob that fits one, got "ing.z"\n' +
        '  --skip: expected a case id, or a glob that fits one, got "nothing"',
    )
  })

  it('says what it was asked for when nothing is left, and exits with 3', () => {
    const error = refusal({ only: ['ing.c'] })
    expect(error.exitCode).toBe(3)
    expect(error.message).toBe(
      'nothing to judge: no case is selected\n' +
        '  selection: expected at least one case, got mode ingest, level should, tier full, and the globs given',
    )
  })
})

describe('a case that was asked for and cannot be judged', () => {
  it.each<[string, Partial<Case>, Partial<Selection>, string | undefined]>([
    ['of another protocol', { protocols: ['events-api'] }, {}, 'not for protocol generic'],
    ['of another rung', { needs: { rung: 'lines' } }, {}, 'needs rung lines'],
    ['of this rung', { needs: { rung: 'lines' } }, { rung: 'lines' }, undefined],
    ['that asks for a skill', { needs: { can: ['resume'] } }, {}, 'needs a client that can resume'],
    ['about HTTP/2, on the pipe', { needs: { can: ['h2'] } }, {}, undefined],
    [
      'about HTTP/2, on lines',
      { needs: { can: ['h2'] } },
      { rung: 'lines', can: ['gzip'] },
      'needs a client that can h2',
    ],
    ['about HTTP/2 that it speaks', { needs: { can: ['h2'] } }, { rung: 'lines', can: ['h2'] }, undefined],
    ['that asks for knobs', { needs: { knobs: ['a', 'b'] } }, { knobs: ['b'] }, 'needs the knob a'],
    ['whose knobs are there', { needs: { knobs: ['a'] } }, { knobs: ['a', 'b'] }, undefined],
  ])('%s: the reason is said', (_, needs, over, reason) => {
    const c = caseOf('x', needs)
    const { run, notApplicable } = select([c], { ...plain, ...over })
    expect(run).toEqual(reason === undefined ? [c] : [])
    expect(notApplicable).toEqual(reason === undefined ? [] : [{ case: c, reason }])
  })
})
