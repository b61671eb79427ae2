/** What every ledger of a server must hold to, whatever was planned and whatever clients did. */
import { isDeepStrictEqual } from 'node:util'
import { entrySchema } from '../../src/entry.ts'
import type { Entry, EntryKind, EntryOf } from '../../src/entry.ts'
import { problemsOf } from '../../src/schema.ts'

/** Of a server that has stopped. Empty where all is well. */
export function ledgerProblems(entries: readonly Entry[]): string[] {
  return [
    ...entries.flatMap((entry, n) => formProblems(entry, n)),
    ...requestProblems(entries),
    ...connectionProblems(entries),
    ...entries.flatMap((entry) => (entry.kind === 'fault' ? deedProblems(entry) : [])),
  ]
}

function formProblems(entry: Entry, n: number): string[] {
  // As it is read back: a member that is undefined is none.
  const problems = problemsOf(entrySchema, JSON.parse(JSON.stringify(entry)))
  return [
    ...problems.map(({ at, expected, got }) => `${shown(entry)} ${at}: ${expected}, got ${got}`),
    ...(entry.n === n ? [] : [`${shown(entry)} is entry ${n}`]),
  ]
}

function requestProblems(entries: readonly Entry[]): string[] {
  const requests = new Map(of(entries, 'request').map((entry) => [entry.req, entry]))
  const conns = new Set(of(entries, 'open').map(({ conn }) => conn))
  const refers = entries.filter((entry) =>
    ['fault', 'respond', 'take', 'discard', 'sent'].includes(entry.kind),
  ) as EntryOf<'fault' | 'respond' | 'take' | 'discard' | 'sent'>[]
  // What is struck when its head has come is over before it is known what it carries: then it is no attempt of anything.
  const atOnce = new Set(
    of(entries, 'fault')
      .filter(({ planned }) => planned.point === 'request')
      .map(({ req }) => req),
  )
  const strays = refers.filter(({ req }) => req !== undefined && !requests.has(req) && !atOnce.has(req))
  return [
    ...repeats(of(entries, 'request'), ({ req }) => req),
    ...repeats(of(entries, 'respond'), ({ req }) => req),
    ...repeats(of(entries, 'sent'), ({ req }) => req),
    ...strays.map((entry) => `${shown(entry)} is of no request`),
    ...[...requests.values()].flatMap((entry) => [
      ...(of(entries, 'sent').some(({ req }) => req === entry.req) ? [] : [`${shown(entry)} has no sent`]),
      ...(conns.has(entry.conn) ? [] : [`${shown(entry)} is of no connection`]),
    ]),
    ...of(entries, 'sent').flatMap((sent) => answerProblems(entries, sent)),
  ]
}

/** An answer is entered before it is out (`fakes/witness.ts`), and what was written is part of one. */
function answerProblems(entries: readonly Entry[], sent: EntryOf<'sent'>): string[] {
  const respond = of(entries, 'respond').find(({ req }) => req === sent.req)
  if (!respond) return sent.written === 'none' ? [] : [`${shown(sent)} without an answer`]
  return respond.n < sent.n && respond.t <= sent.t ? [] : [`${shown(respond)} behind ${shown(sent)}`]
}

function connectionProblems(entries: readonly Entry[]): string[] {
  const opens = of(entries, 'open')
  const closes = of(entries, 'close')
  return [
    ...repeats(opens, ({ conn }) => conn),
    ...repeats(closes, ({ conn }) => conn),
    ...opens
      .filter(({ conn }) => !closes.some((close) => close.conn === conn))
      .map((open) => `${shown(open)} is never closed`),
    ...closes
      .filter(({ conn, n }) => !opens.some((open) => open.conn === conn && open.n < n))
      .map((close) => `${shown(close)} was never open`),
  ]
}

/** What was done is what was planned, or none, with a reason. Some say by how much less. */
function deedProblems(entry: EntryOf<'fault'>): string[] {
  const { planned, emitted } = entry
  if (emitted.type === 'none' && planned.type !== 'none') {
    return typeof emitted['why'] === 'string' && emitted['why'] !== ''
      ? []
      : [`${shown(entry)} without a why`]
  }
  const { taken: _, drop_bytes: planBytes, ...plan } = planned
  const { taken: __, drop_bytes: bytes, ...deed } = emitted
  const isLess = planBytes === bytes || Number(bytes) < Number(planBytes)
  return isDeepStrictEqual(plan, deed) && isLess ? [] : [`${shown(entry)} is not as planned`]
}

function repeats<E extends Entry>(entries: readonly E[], by: (entry: E) => number): string[] {
  const seen = new Set<number>()
  return entries.flatMap((entry) => {
    const isAgain = seen.has(by(entry))
    seen.add(by(entry))
    return isAgain ? [`${shown(entry)} is the second of its kind`] : []
  })
}

function of<K extends EntryKind>(entries: readonly Entry[], kind: K): EntryOf<K>[] {
  return entries.filter((entry): entry is EntryOf<K> => entry.kind === kind)
}

function shown(entry: Entry): string {
  return JSON.stringify(entry)
}
