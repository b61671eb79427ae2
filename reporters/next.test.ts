import { describe, expect, it } from 'vitest'
import { nextCommand } from './next.ts'
import { caseResult, check, report } from './testing/reports.ts'

const passed = (profile: string, file?: string): string | undefined =>
  nextCommand(
    report([caseResult('ing.base.one', 'pass', { checks: [check('rule', 'pass')] })], { profile }),
    [],
    file,
  )

describe('the next command', () => {
  it('names the profile as it was asked for: a file by its path', () => {
    expect(passed('mine', 'our profiles/mine.yaml')).toContain("--profile 'our profiles/mine.yaml' ")
    expect(passed('events-api')).toContain('--profile events-api ')
    expect(passed('generic')).not.toContain('--profile')
    expect(passed('mine')).toBeUndefined() // nobody could run it
  })
})
