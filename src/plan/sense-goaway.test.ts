import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { checkPlan } from './parse.ts'

type Loose = Record<string, unknown>

/** The problems of one rule with this GOAWAY, as `pointer: expected, not got`. */
function problems(fault: Loose, rule: Loose = {}): string[] {
  const whole = { code: 'NO_ERROR', then: 'finish', type: 'goaway', ...fault }
  const rules = [{ id: 'away', on: 'request', ...rule, fault: whole }]
  try {
    checkPlan({ version: 1, seed: '1', rules }, 'test plan')
    return []
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    return error.problems.map(({ at, expected }) => `${at.replace('/rules/0', '')}: ${expected}`)
  }
}

const taken = { on: 'response-head', taken: true }
const untaken = { on: 'response-head', taken: false }

describe('a rule with goaway', () => {
  it.each<[Loose, Loose]>([
    [{ last: 'this' }, {}],
    [{ last: 'below' }, {}],
    [{ last: 'none', then: 'rst', debug: 'x' }, {}],
    [{ last: 'max', code: 0xffffffff }, {}],
    [{ last: 'this', two_step_ms: 5 }, taken],
    [{ last: 'this' }, taken],
    [{ last: 'this' }, { on: 'response-body(5)', taken: true }],
    [{ last: 'max' }, { on: 'response-end', taken: true }],
    [{ last: 'none' }, untaken],
    [{ last: 'this', then: 'fin' }, untaken],
    [{ last: 'this' }, { on: 'session' }],
    [{ last: 'this', after_ms: 5 }, { on: 'idle' }],
    [{ streams: 4, keep: 2, within_ms: 5 }, {}],
    [{ streams: 4, keep: 0 }, {}],
    [{ streams: 4, keep: 4 }, taken],
    [{ streams: 4, keep: 4, then: 'rst' }, untaken],
  ])('may say %j with %j', (fault, rule) => {
    expect(problems(fault, rule)).toEqual([])
  })

  it.each<[Loose, Loose, string[]]>([
    [{}, {}, ['/fault: the key last, or streams and keep']],
    [
      { last: 'this', keep: 1, within_ms: 5 },
      {},
      ['keep', 'within_ms'].map((key) => `/fault/${key}: no such key without streams`),
    ],
    [{ streams: 2 }, {}, ['/fault: the key keep beside streams']],
    [
      { streams: 2, keep: 1, last: 'this', two_step_ms: 5 },
      {},
      ['/fault/last: no such key beside streams', '/fault/two_step_ms: no such key beside streams'],
    ],
    [{ streams: 2, keep: 3 }, {}, ['/fault/keep: at most streams, 2']],
    [
      { streams: 2, keep: 1 },
      taken,
      ['/fault/keep: 2, as all of them have been read: request where some are not to be served'],
    ],
    [
      { streams: 2, keep: 2 },
      { on: 'session' },
      ['/fault/streams: no such key: streams wait for each other at request or response-head'],
    ],
    [{ last: 'none' }, taken, ['/fault/last: this or max: what was taken cannot be unprocessed']],
    [{ last: 'below' }, { on: 'idle' }, ['/fault/last: this or max: what was taken cannot be unprocessed']],
    [{ last: 'none' }, { on: 'session' }, ['/fault/last: this or max: what was taken cannot be unprocessed']],
    [
      { last: 'max', two_step_ms: 5 },
      {},
      ['/fault/last: this beside two_step_ms: what came until then is served'],
    ],
    [{ last: 'this', after_ms: 5 }, {}, ['/fault/after_ms: no such key: only at idle does it wait']],
    [{ last: 'this' }, untaken, ['/taken: true, as then: finish answers what it serves']],
    [{ streams: 2, keep: 2 }, untaken, ['/taken: true, as then: finish answers what it serves']],
  ])('may not say %j with %j', (fault, rule, expected) => {
    expect(problems(fault, rule)).toEqual(expected)
  })

  it.each([['NO_ERORR'], [-1], [0x100000000], [1.5]])('may not have the code %s', (code) => {
    expect(problems({ code, last: 'this' })).not.toEqual([])
  })
})

describe('a rule with flow_control_stall', () => {
  it.each([
    [{ step_bytes: 1 }, 'every_ms'],
    [{ every_ms: 1 }, 'step_bytes'],
  ])('has both %j and %s, or neither', (some, missing) => {
    const plan = (fault: Loose): unknown => {
      const rules = [{ id: 'slow', on: 'session', fault: { type: 'flow_control_stall', ...fault } }]
      return checkPlan({ version: 1, seed: '1', rules }, 'test plan')
    }
    expect(() => plan(some)).toThrow(`the key ${missing} beside the other`)
    expect(() => plan({})).not.toThrow()
    expect(() => plan({ step_bytes: 1, every_ms: 1 })).not.toThrow()
  })
})
