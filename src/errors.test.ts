import { describe, expect, it } from 'vitest'
import { exitCodes, exitPrecedence, messageOf, shown, TailraceError, worstExit } from './errors.ts'
import type { ErrorCode, ExitCode } from './errors.ts'

describe('an error', () => {
  it('says in one message what is wrong, where, what was expected and what came', () => {
    const error = new TailraceError('plan', 'x is not a plan', [
      { at: '/seed', expected: 'a text', got: '7' },
      { at: '/rules/0', expected: 'the key id', got: 'none' },
    ])
    expect(String(error)).toBe(
      'TailraceError: x is not a plan\n  /seed: expected a text, got 7\n  /rules/0: expected the key id, got none',
    )
  })

  it('keeps its cause', () => {
    const cause = new Error('disk full')
    expect(new TailraceError('ledger', 'cannot read', [], { cause }).cause).toBe(cause)
  })

  it.each<[ErrorCode, ExitCode]>([
    ['usage', 2],
    ['plan', 2],
    ['case', 2],
    ['profile', 2],
    ['baseline', 2],
    ['ledger', 2],
    ['replay', 2],
    ['client-start', 2],
    ['selection', 3],
    ['harness', 4],
  ])('of code %s exits with %i', (code, exit) => {
    expect(new TailraceError(code, '').exitCode).toBe(exit)
  })
})

describe('the worst exit', () => {
  it('is the one that stands first in the table of the contract', () => {
    const table: readonly ExitCode[] = [2, 4, 6, 1, 5, 3, 0]
    expect(exitPrecedence).toEqual(table)
    table.forEach((one, rank) => {
      for (const other of table.slice(rank)) {
        expect(worstExit([one, other])).toBe(one)
        expect(worstExit([other, one, other])).toBe(one)
      }
    })
  })

  it('is 0 of none', () => expect(worstExit([])).toBe(exitCodes.pass))

  it('knows every code', () => {
    expect([...exitPrecedence].sort()).toEqual(Object.values(exitCodes).sort())
  })
})

describe('a value shown', () => {
  it.each<[unknown, string]>([
    ['a "b"', '"a \\"b\\""'],
    [{ a: [1, null] }, '{"a":[1,null]}'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    ['x'.repeat(78), `"${'x'.repeat(78)}"`],
    ['x'.repeat(79), `"${'x'.repeat(78)}…`],
  ])('%j is %j', (value, text) => expect(shown(value)).toBe(text))
})

describe('the message of anything thrown', () => {
  it.each<[unknown, string]>([
    [new Error('no'), 'no'],
    ['no', 'no'],
    [undefined, 'undefined'],
    [{ toString: () => 'odd' }, 'odd'],
  ])('%s is %j', (thrown, message) => expect(messageOf(thrown)).toBe(message))
})
