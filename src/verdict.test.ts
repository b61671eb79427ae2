import { describe, expect, it } from 'vitest'
import { caseExit, caseVerdict, caseVerdicts, levelChoices, levels, weaker, worst } from './verdict.ts'
import type { CaseVerdict, CheckVerdict, Level, LevelChoice } from './verdict.ts'

const verdicts: readonly CheckVerdict[] = ['n/a', 'pass', 'unknown', 'fail'] // from least to worst

describe('the worst of verdicts', () => {
  it('is a join: in any order, in any grouping, however often', () => {
    for (const a of verdicts) {
      expect(worst([a, a])).toBe(a)
      for (const b of verdicts) {
        expect(worst([a, b])).toBe(worst([b, a]))
        for (const c of verdicts) expect(worst([worst([a, b]), c])).toBe(worst([a, worst([b, c])]))
      }
    }
  })

  it('goes n/a, pass, unknown, fail', () => {
    verdicts.forEach((one, rank) => {
      for (const lesser of verdicts.slice(0, rank + 1)) expect(worst([lesser, one])).toBe(one)
    })
  })

  it('is n/a of none: a skip is never a pass', () => {
    expect(worst([])).toBe('n/a')
    expect(caseVerdict(['n/a', 'n/a'])).toBe('n/a')
  })

  it.each<[CheckVerdict[], CaseVerdict]>([
    [['pass', 'n/a'], 'pass'],
    [['pass', 'unknown'], 'inconclusive'],
    [['unknown', 'fail', 'pass'], 'fail'],
  ])('of a case with %j is %s', (checks, verdict) => expect(caseVerdict(checks)).toBe(verdict))
})

describe('the weaker level', () => {
  it('is the later of MUST, SHOULD, MAY', () => {
    levels.forEach((one, rank) => {
      for (const stronger of levels.slice(0, rank + 1)) {
        expect(weaker(one, stronger)).toBe(one)
        expect(weaker(stronger, one)).toBe(one)
      }
    })
  })
})

describe('the exit that a case asks for', () => {
  /** The check that gives a case its verdict. */
  const shownBy: Readonly<Partial<Record<CaseVerdict, CheckVerdict>>> = {
    pass: 'pass',
    fail: 'fail',
    inconclusive: 'unknown',
    'n/a': 'n/a',
  }
  const gating: Readonly<Record<CaseVerdict, number>> = {
    pass: 0,
    fail: 1,
    inconclusive: 3,
    'n/a': 0,
    flaky: 0,
    'harness-error': 4,
  }
  const table = caseVerdicts.flatMap((verdict) =>
    levels.flatMap((level) =>
      (Object.keys(levelChoices) as LevelChoice[]).map((choice) => ({ verdict, level, choice })),
    ),
  )

  it.each(table)('$verdict by a $level check under --level $choice', ({ verdict, level, choice }) => {
    const { gates } = levelChoices[choice]
    const gated = verdict === 'harness-error' || gates.includes(level)
    const checks = [{ level, verdict: shownBy[verdict] ?? 'pass' }]
    expect(caseExit(verdict, checks, gates)).toBe(gated ? gating[verdict] : 0)
  })

  const must: readonly Level[] = ['MUST']

  it('is 3 where the case is inconclusive as a whole, at a level that gates', () => {
    expect(caseExit('inconclusive', [], must)).toBe(3)
    expect(caseExit('inconclusive', [{ level: 'MUST', verdict: 'pass' }], must)).toBe(3)
    expect(caseExit('inconclusive', [{ level: 'SHOULD', verdict: 'pass' }], must)).toBe(0)
  })

  it('is 3 where a failure does not gate and an unknown check does', () => {
    const checks = [
      { level: 'SHOULD', verdict: 'fail' },
      { level: 'MUST', verdict: 'unknown' },
    ] as const
    expect(caseExit('fail', checks, must)).toBe(3)
    expect(caseExit('fail', checks, ['MUST', 'SHOULD'])).toBe(1)
  })

  it('is 0 where a weaker check fails a case whose gating checks pass', () => {
    const checks = [
      { level: 'MUST', verdict: 'pass' },
      { level: 'SHOULD', verdict: 'fail' },
    ] as const
    expect(caseExit('fail', checks, must)).toBe(0)
  })
})

describe('a choice of levels', () => {
  it('gates no more than it runs', () => {
    for (const { runs, gates } of Object.values(levelChoices))
      expect(runs).toEqual(expect.arrayContaining([...gates]))
  })
})
