/**
 * fired: every fault of the case struck as planned, often enough. Without that the case shows nothing.
 *
 * Analyses: 1. misfires, of any rule: what was emitted differs from what was planned; 2. per rule demanded, how
 * often it struck. Never a fail: it is the harness that did not do its part. A fault that waited in vain for several
 * streams is no misfire: where it never struck, the case says nothing (`excuse.ts`).
 */
import { isDeepStrictEqual } from 'node:util'
import type { EntryOf } from '../entry.ts'
import { shown } from '../errors.ts'
import type { Finding } from '../verdict.ts'
import type { CheckerOf } from './checker.ts'
import { isLonely } from './excuse.ts'
import { counted, finding, merge } from './finding.ts'

type Fault = EntryOf<'fault'>

export const fired: CheckerOf<'fired'> = (_, { rules }) => {
  const struck = new Map<string, number>()
  const misfires: Fault[] = []
  return {
    step: (entry) => {
      if (entry.kind !== 'fault') return
      if (isDeepStrictEqual(entry.planned, entry.emitted)) {
        struck.set(entry.rule, (struck.get(entry.rule) ?? 0) + 1)
      } else if (!isLonely(entry)) misfires.push(entry)
    },
    finish: () => {
      if (rules.length === 0 && struck.size === 0 && misfires.length === 0) {
        return finding('n/a', 'No fault was planned.')
      }
      const undemanded = [...struck.keys()].filter((rule) => !rules.some((call) => call.rule === rule))
      return merge([
        ...misfires.slice(0, 1).map((first) => misfired(first, misfires)),
        ...rules.map(({ rule, min, max }) => {
          const times = struck.get(rule) ?? 0
          const enough = times >= min && times <= (max ?? Infinity)
          const wanted = max === undefined ? `at least ${min}` : `${min} to ${max}`
          return finding(enough ? 'pass' : 'unknown', `Fault ${rule} struck ${times}×, ${wanted} wanted.`)
        }),
        ...undemanded.map((rule) => finding('pass', `Fault ${rule} struck ${struck.get(rule) ?? 0}×.`)),
      ])
    },
  }
}

function misfired(first: Fault, all: readonly Fault[]): Finding {
  const because =
    `${counted(all.length, 'fault')} not performed as planned; the first, of rule ${first.rule}: ` +
    `planned ${shown(first.planned)}, emitted ${shown(first.emitted)}.`
  return finding('unknown', because, { witnesses: all.map(({ n }) => n) })
}
