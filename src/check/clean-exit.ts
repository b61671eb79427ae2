/**
 * inv.clean-exit: the process ends by itself, without a crash, and leaves no socket open.
 *
 * Analyses: 1. it outlived its budget: stuck; 2. it crashed, by a signal or a code that stands for one; 3. a
 * connection that is open when the run has settled and the check begins: somebody still holds it; 4. no end, or
 * more than one, in the ledger: nothing to judge by.
 */
import type { EntryOf } from '../entry.ts'
import type { Finding } from '../verdict.ts'
import type { Checker } from './checker.ts'
import { counted, finding, merge, sentence } from './finding.ts'
import type { Word } from './word.ts'

export const cleanExit: Checker<unknown> = ({ word }) => {
  const open = new Map<number, EntryOf<'open'>>()
  let left: readonly EntryOf<'open'>[] = []
  let touched = false
  return {
    step: (entry) => {
      if (entry.kind === 'open' || entry.kind === 'request') touched = true
      if (entry.kind === 'open') open.set(entry.conn, entry)
      if (entry.kind === 'close') open.delete(entry.conn)
      if (entry.kind === 'phase' && entry.name === 'check') left = [...open.values()]
    },
    finish: () => {
      const end = judgeEnd(word, touched)
      if (left.length === 0) return end
      const because = `${counted(left.length, 'connection')} still open after the client's exit.`
      return merge([end, finding('fail', because, { witnesses: left.map(({ n }) => n) })])
    },
  }
}

function judgeEnd(word: Word, touched: boolean): Finding {
  const { witnesses } = word
  if (word.stuck) return finding('fail', `stuck: ${word.shown}.`, { witnesses })
  if (word.crash) return finding('fail', sentence(word.shown), { witnesses })
  if (word.endless) return finding('unknown', 'The ledger tells of more than one end.', { witnesses })
  const goesOn = word.over && word.farewell // a process that serves many cases
  if (word.code === undefined && !goesOn) return finding('unknown', sentence(word.shown), { witnesses })
  if (!touched) return finding('n/a', sentence(`${word.shown}, and never connected`), { witnesses })
  return finding('pass', sentence(word.shown), { witnesses })
}
