/** Calls about what was seen: faults, requests, entries, and how often each rule struck. */
import type { Entry, EntryKind, EntryOf } from '../../src/entry.ts'
import { entryKinds } from '../../src/entry.ts'
import { traceOf } from '../../src/plan/trace.ts'
import type { Struck } from './kept.ts'
import type { Kept } from './kept.ts'
import { wholeNumber } from './call.ts'
import type { Call, Desk, Headers, QueryForm } from './call.ts'

const followQuery: QueryForm = { says: '1', fits: (text) => text === '1' }
const kindQuery: QueryForm = {
  says: `one of ${entryKinds.join(', ')}`,
  fits: (text) => (entryKinds as readonly string[]).includes(text),
}

const trace: Call = {
  method: 'GET',
  path: '/trace',
  says: 'each fault that struck, as NDJSON; with follow=1 also those to come, until the server stops',
  query: { follow: followQuery },
  act: ({ query }, { kept }) => {
    const follow = query['follow'] === undefined ? {} : { follow: following(kept) }
    return { headers: range(kept), lines: { read: onwards(kept, 0, traceLine), ...follow } }
  },
}

const requests: Call = {
  method: 'GET',
  path: '/requests',
  says: 'each request with what came of it, as NDJSON',
  act: (_, { kept }) => ({ headers: range(kept), lines: { read: () => journal(kept) } }),
}

const ledger: Call = {
  method: 'GET',
  path: '/ledger',
  says: 'the entries, as NDJSON; kind: of one kind alone; after: those behind entry n',
  query: { kind: kindQuery, after: wholeNumber },
  act: ({ query }, { kept }) => {
    const kind = query['kind'] as EntryKind | undefined
    const from = query['after'] === undefined ? 0 : Number(query['after']) + 1
    const line = (entry: Entry): string | undefined =>
      kind === undefined || entry.kind === kind ? JSON.stringify(entry) : undefined
    return { headers: range(kept), lines: { read: onwards(kept, from, line) } }
  },
}

const report: Call = {
  method: 'GET',
  path: '/report',
  says: 'the generation, and of each rule how often it struck, how often otherwise than planned, and when last',
  act: (_, desk) => ({ json: reportOf(desk), headers: range(desk.kept) }),
}

export const seenCalls: readonly Call[] = [trace, requests, ledger, report]

/** From which entry on the ledger is there, and up to which. */
function range({ from, next }: Kept): Headers {
  return { 'tailrace-from': String(from), 'tailrace-next': String(next) }
}

function following(kept: Kept): (tell: () => void) => () => void {
  return (tell) => kept.follow(tell)
}

/** The lines of entries from number `from` on; each call goes on where the last one ended. */
function onwards(
  kept: Kept,
  from: number,
  line: (entry: Entry, kept: Kept) => string | undefined,
): () => Iterable<string> {
  let next = Math.max(from, kept.from)
  return function* () {
    if (next < kept.from) throw new Error(`entry ${next} has made room before it was read`)
    for (const entry of kept.entries(next)) {
      next = entry.n + 1
      const text = line(entry, kept)
      if (text !== undefined) yield text
    }
  }
}

/** A trace is told from a whole ledger, of which it looks at connections besides faults. */
function traceLine(entry: Entry, { open }: Kept): string | undefined {
  if (entry.kind !== 'fault') return undefined
  const before = open && open.n < entry.n ? [open] : []
  return traceOf([...before, entry]).map((one) => JSON.stringify(one))[0]
}

interface Journal {
  readonly req: number
  request?: EntryOf<'request'>
  faults: EntryOf<'fault'>[]
  take?: EntryOf<'take'>
  respond?: EntryOf<'respond'>
  sent?: EntryOf<'sent'>
}

/** Requests whose own entry is still there, in the order in which they were entered. */
function* journal(kept: Kept): Generator<string> {
  const all = new Map<number, Journal>()
  for (const entry of kept.entries()) {
    if (!('req' in entry) || entry.req === undefined) continue
    const one = all.get(entry.req) ?? { req: entry.req, faults: [] }
    all.set(entry.req, one)
    if (entry.kind === 'request') one.request = entry
    else if (entry.kind === 'fault') one.faults.push(entry)
    else if (entry.kind === 'take') one.take = entry
    else if (entry.kind === 'respond') one.respond = entry
    else if (entry.kind === 'sent') one.sent = entry
  }
  const whole = [...all.values()].flatMap((one) => (one.request ? [{ one, n: one.request.n }] : []))
  for (const { one } of whole.sort((a, b) => a.n - b.n)) yield JSON.stringify(one)
}

function reportOf({ steering, kept, clock }: Desk): object {
  const { plan, disabled } = steering
  const ids = plan.rules.map(({ id }) => id)
  const gone = [...kept.rules.keys()].filter((id) => !ids.includes(id))
  const here = ids.map((id) => ({ id, enabled: !disabled.includes(id), ...told(kept.rules.get(id)) }))
  return {
    generation: steering.generation,
    now_ms: clock.now() / 1e6,
    quiet: steering.isQuiet,
    states: steering.states,
    rules: here,
    others: gone.map((id) => ({ id, ...told(kept.rules.get(id)) })),
    ledger: { from: kept.from, next: kept.next, dropped: kept.dropped },
  }
}

function told(struck: Struck | undefined): object {
  if (!struck) return { fired: 0, misfired: 0 }
  const { fired, misfired, last } = struck
  const { n, t, req, conn, planned, emitted } = last
  return { fired, misfired, last: { n, t, req, conn, planned, emitted } }
}
