/**
 * gives_up_waiting: an attempt that the server lets stall is ended by the client, which sends its records again.
 *
 * That it was ended is seen by what follows: the stream is reset, the connection closed, or the records come again. The
 * delay runs from the head of the request to the first of these; it is over-measured, and not judged.
 */
import type { EntryOf } from '../../entry.ts'
import type { Attempt } from '../../history.ts'
import type { RuleChecker } from '../checker.ts'
import { counted, finding, merge, reporter } from '../finding.ts'
import { IdSet } from '../sets.ts'
import { tested } from './answers.ts'
import { nextCarriers } from './carriers.ts'
import { unseen } from './unseen.ts'

const stalls: readonly string[] = ['stall', 'h2_stall']

export const givesUpWaiting: RuleChecker<'gives_up_waiting'> = (facts, { or_told }) => {
  const resets: EntryOf<'frame'>[] = []
  return {
    step: (entry) => {
      if (entry.kind === 'frame' && entry.dir === 'in' && entry.type === 'RST_STREAM') resets.push(entry)
    },
    finish: () => {
      const carriers = tested(facts)
      if (carriers.length === 0) return unseen
      const nexts = nextCarriers(carriers)
      const [silent, delays] = [new IdSet(), [] as number[]]
      const stalled = carriers.filter(({ attempt }, i) => {
        if (!attempt.faults.some(({ emitted }) => stalls.includes(emitted.type))) return false
        const following = (nexts[i] ?? []).flatMap((at) => carriers[at] ?? [])
        silent.add(new IdSet(following.flatMap(({ ids }) => ids)).without(carriers[i]?.ids ?? []))
        const ends = [...endings(attempt), ...following.map((next) => next.attempt.request.t)]
        if (following.length > 0) delays.push((Math.min(...ends) - attempt.request.t) / 1e6)
        return true
      })
      if (stalled.length === 0) return finding('unknown', 'No attempt was made to stall.')
      const left = or_told ? facts.word.untold(silent.ranges()) : silent.ranges()
      const measured = delays.length > 0 ? { gaveUpMsMax: Math.max(...delays) } : {}
      const witnesses = stalled.map(({ attempt }) => attempt.request.n)
      const report = reporter(facts.attempts(), facts.word)
      const wanted = or_told ? 'and neither sent again nor told' : 'and not sent again'
      return merge([
        finding('pass', `${counted(stalled.length, 'attempt')} stalled.`, { measured, witnesses }),
        ...report(facts.word.over ? 'fail' : 'unknown', `Stalled, ${wanted}`, left),
      ])
    },
  }

  function endings({ request: { conn, stream, t } }: Attempt): number[] {
    const reset = resets.filter((frame) => frame.conn === conn && frame.stream === stream)
    const closed = facts.all('close').filter((close) => close.conn === conn && close.by === 'client')
    return [...reset, ...closed].flatMap((entry) => (entry.t > t ? [entry.t] : []))
  }
}
