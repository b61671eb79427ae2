import { describe, expect, it } from 'vitest'
import { applyBaseline, baselineOf, checkBaseline } from './baseline.ts'
import type { Baseline, Known } from './baseline.ts'
import { TailraceError } from './errors.ts'
import type { CaseResult } from './report.ts'
import { notApplicable } from './result.ts'
import { caseOf } from './testing/cases.ts'
import { caseVerdict } from './verdict.ts'
import type { CaseVerdict, CheckVerdict } from './verdict.ts'

const context = { seed: '1', repeat: 1, ledger: '', replay: '' }

/** `{ rule: 'fail' }`: a result with these checks; its verdict follows unless it is given. */
function result(id: string, checks: Record<string, CheckVerdict>, verdict?: CaseVerdict): CaseResult {
  const level = 'MUST' as const
  return {
    ...notApplicable(caseOf(id), '', context),
    verdict: verdict ?? caseVerdict(Object.values(checks)),
    checks: Object.entries(checks).map(([id, verdict]) => ({
      ...{ id, level, verdict },
      because: [`${id} is ${verdict}`],
      entries: [],
    })),
  }
}

const known = (id: string, check?: string): Known => ({
  case: id,
  ...(check === undefined ? {} : { check }),
  reason: 'it is old',
  issue: 'https://issues.test/1',
})
const baseline = (...expected: Known[]): Baseline => ({ version: 1, expected })

function applied(
  results: readonly CaseResult[],
  ...expected: Known[]
): { expected: string[]; stale: string[] } {
  const { results: marked, stale } = applyBaseline(results, baseline(...expected))
  return { expected: marked.filter((r) => r.expected).map(({ id }) => id), stale }
}

describe('a baseline', () => {
  it('expects a case to fail, by whatever check', () => {
    expect(applied([result('a', { rule: 'fail', fired: 'fail' })], known('a'))).toEqual({
      expected: ['a'],
      stale: [],
    })
  })

  it('expects a case to fail by one check, and by no other', () => {
    const two = [result('a', { rule: 'fail', 'inv.no-loss': 'fail' })]
    expect(applied(two, known('a', 'rule'))).toEqual({ expected: [], stale: [] })
    expect(applied(two, known('a', 'rule'), known('a', 'inv.no-loss')).expected).toEqual(['a'])
  })

  it('excuses what is known to be inconclusive, but nothing that broke the harness', () => {
    const results = [result('a', { rule: 'unknown' }), result('b', { rule: 'fail' }, 'harness-error')]
    expect(applied(results, known('a'), known('b'))).toEqual({ expected: ['a'], stale: [] })
    expect(applied(results, known('a', 'rule'))).toEqual({ expected: ['a'], stale: [] })
    expect(applied(results, known('a', 'fired'))).toEqual({ expected: [], stale: [] })
  })

  it('is stale where what it expects passed', () => {
    const results = [result('a', { rule: 'pass' }), result('b', { rule: 'pass', 'inv.no-loss': 'fail' })]
    const { stale } = applied(results, known('a'), known('a', 'rule'), known('b', 'rule'), known('b'))
    expect(stale).toEqual(['a', 'a:rule', 'b:rule'])
  })

  it.each<[string, CaseResult[]]>([
    ['was not run', []],
    ['does not apply', [result('a', { rule: 'n/a' })]],
    ['was judged without this check', [result('a', { rule: 'n/a', fired: 'pass' })]],
    ['is inconclusive as a whole', [result('a', { rule: 'pass' }, 'inconclusive')]],
    ['broke the harness', [result('a', { rule: 'pass' }, 'harness-error')]],
  ])('is not stale where the case %s', (_, results) => {
    expect(applied(results, known('a', 'rule')).stale).toEqual([])
  })

  it('made from a run expects exactly what did not pass in it', () => {
    const results = [
      result('a', { rule: 'fail', fired: 'pass', 'inv.no-loss': 'fail' }),
      result('b', { rule: 'pass' }),
      result('c', { rule: 'unknown' }),
    ]
    const made = baselineOf(results)
    expect(made.expected.map((each) => [each.case, each.check, each.reason])).toEqual([
      ['a', 'rule', 'rule is fail'],
      ['a', 'inv.no-loss', 'inv.no-loss is fail'],
      ['c', 'rule', 'rule is unknown'],
    ])
    expect(checkBaseline(made, 'x', ['a', 'b', 'c'])).toBe(made)
    expect(applied(results, ...made.expected)).toEqual({ expected: ['a', 'c'], stale: [] })
  })
})

describe('what is no baseline', () => {
  function message(value: unknown): string {
    try {
      checkBaseline(value, 'known.yaml', ['a'])
    } catch (error) {
      if (error instanceof TailraceError && error.exitCode === 2) return error.message
      throw error
    }
    return 'no error'
  }

  it('is told with every problem', () => {
    expect(
      message({
        version: 1,
        expected: [
          { case: 'a', reason: '' },
          { ...known('a'), until: 'may' },
        ],
      }),
    ).toBe(
      'known.yaml is not a baseline\n' +
        '  /expected/0: expected the key issue, got none\n' +
        '  /expected/0/reason: expected NOT have fewer than 1 characters, got ""\n' +
        '  /expected/1/until: expected one of case, check, reason, issue, got an unknown key',
    )
  })

  it('is one that names a case that is not there', () => {
    expect(message(baseline(known('a'), known('z')))).toBe(
      'known.yaml is not a baseline\n  /expected/1/case: expected the id of a case, got "z"',
    )
  })
})
