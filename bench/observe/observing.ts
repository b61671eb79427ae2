/** One fault and one client: a server under a plan of one rule, a question, and what both sides say of it. */
import { serveAt } from '../../fakes/server.ts'
import { realClock, sleep, within } from '../../src/clock.ts'
import type { Entry } from '../../src/entry.ts'
import { faultSpec, pointsAfterTake } from '../../src/fault.ts'
import type { FaultName } from '../../src/fault.ts'
import { Ledger } from '../../src/ledger.ts'
import { parsePoint } from '../../src/plan/point.ts'
import { checkPlan } from '../../src/plan/parse.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { profiles } from '../../src/profile.ts'
import type { Profile } from '../../src/profile.ts'
import { digest } from '../../src/random.ts'
import { recordAt, recordSource } from '../../src/record.ts'
import type { Asked, Client, Seen } from './asking.ts'
import type { Carrier } from './catalogue.ts'
import type { CurlClient } from './curl.ts'
import type { NotApplicable, Observation } from './document.ts'
import { answerBytes } from './trial.ts'
import type { Trial } from './trial.ts'

const source = recordSource('1', 'observe')
const id = 'struck'

/** Answers of `answerBytes`, which compress to about half. */
export function observedProfile(): Profile {
  const generic = profiles['generic'] as Profile
  const empty = JSON.stringify({ ok: true, text: '' })
  let text = ''
  for (let i = 0; text.length < answerBytes; i += 1) text += digest('observe', i).toString('hex')
  const body = { ok: true, text: text.slice(0, answerBytes - empty.length) }
  return { ...generic, reply: { ...generic.reply, body } }
}

/** Faults of the listener, which strike at a time, and shapers, which strike what they meet. */
const uncounted: readonly FaultName[] = ['connection_refused', 'slow_accept', 'backlog_full', 'rate_limit']

/** Strikes once, so that a client which tries again is answered. */
export function ruleOf({ fault, on = 'response-head', taken = true }: Trial): Rule {
  if (faultSpec(fault.type).shaper) return { id, on, shape: [fault] }
  const point = parsePoint(on)?.name
  const said = point !== undefined && pointsAfterTake.includes(point) ? { taken } : {}
  const gathers = fault.type === 'goaway' && fault.streams !== undefined
  const when = uncounted.includes(fault.type) || gathers ? {} : { when: { nth: [1] } }
  const key = point === 'tls' || point === 'session' || point === 'idle' ? 'connection' : 'global'
  return { id, on, key, ...when, ...said, fault }
}

interface Server {
  readonly url: string
  readonly ledger: Ledger
  heal(): void
  stop(): Promise<void>
}

const clock = realClock()
const settleMs = 2_000

async function served(trial: Trial, { keeps }: Client, carrier: Carrier): Promise<Server> {
  const ledger = new Ledger(clock)
  const rules = [ruleOf(trial), ...(trial.beside ? [trial.beside] : [])]
  const endpoint = await serveAt({
    ...{ mode: 'ingest', protocol: 'generic', profile: observedProfile(), ledger, clock, source },
    ...{ token: 'tk_observe', host: '127.0.0.1', tls: carrier === 'tls', h2: true, frames: true },
    plan: checkPlan({ version: 1, seed: '1', rules }, 'observed plan'),
  })
  return {
    url: endpoint.url,
    ledger,
    heal: () => endpoint.heal(),
    stop: async () => {
      await within(clock, settleMs, keeps ? endpoint.quiet() : endpoint.deserted(), undefined)
      await endpoint.stop()
      if (endpoint.failures.length > 0)
        throw new Error(`${trial.fault.type}: ${endpoint.failures.join('; ')}`)
    },
  }
}

/** After a fault that struck between requests: for what it says to be read. */
const readMs = 50
const strikeMs = 1_000

export async function observation(
  trial: Trial,
  client: Client | CurlClient,
  carrier: Carrier,
): Promise<Observation | NotApplicable> {
  if (trial.asks && client.cannot.includes(trial.asks)) {
    return { notApplicable: trial.asks === 'expects' ? 'waits for no 100' : 'sends no PING' }
  }
  const server = await served(trial, client, carrier)
  const { ledger } = server
  let seen: readonly Seen[]
  let before = 0
  try {
    const { asks, uploadBytes = 0, atOnce = 1 } = trial
    const common = { url: server.url, ...(asks ? { [asks]: true } : {}) }
    const asking = (from: number, count: number, bytes: number): Asked => ({
      ...common,
      bodies: Array.from({ length: count }, (_, i) => bodyAt(from + i, bytes)),
    })
    const asked = asking(1, atOnce, uploadBytes)
    if (trial.before === undefined) seen = await client.post(asked)
    else {
      before = 1
      const first = asking(0, 1, 0)
      if ('postAfter' in client) seen = await client.postAfter(first, asked)
      else {
        await client.post(first)
        if (trial.before === 'struck') await struck(ledger)
        seen = await client.post(asked)
      }
    }
  } finally {
    server.heal()
    await client.leave()
    await server.stop()
  }
  return concluded(trial, seen, ledger.entries, before)
}

function bodyAt(seq: number, bytes: number): Asked['bodies'][number] {
  return { text: `${JSON.stringify(recordAt(source, [0, seq]))}\n`, bytes }
}

async function struck(ledger: Ledger): Promise<void> {
  await within(
    clock,
    strikeMs,
    ledger.until(({ kind }) => kind === 'fault'),
    undefined,
  )
  await sleep(clock, readMs)
}

function concluded(
  { atOnce = 1 }: Trial,
  seen: readonly Seen[],
  entries: readonly Entry[],
  before: number,
): Observation | NotApplicable {
  const fault = deedIn(entries)
  if (fault === 'misfire: unsupported') return { notApplicable: 'another protocol' }
  if (fault === 'misfire: not offered') return { notApplicable: 'has offered nothing of the kind' }
  const met = seen.find(({ outcome }) => outcome !== 'ok') ?? seen[0]
  if (!met) throw new Error('a client said nothing')
  const answered = seen.filter(({ outcome }) => outcome === 'ok').length
  const attempts = attemptsIn(entries) - before
  const retried = attempts > atOnce ? { retried: true as const } : {}
  return { ...met, ...(atOnce > 1 ? { answered } : {}), attempts, ...retried, fault }
}

/** Of the first time that it struck. */
function deedIn(entries: readonly Entry[]): string {
  const found = entries.find((entry) => entry.kind === 'fault' && entry.rule === id)
  if (found?.kind !== 'fault') return 'did not strike'
  const { type, why } = found.emitted
  return type === 'none' && found.planned.type !== 'none' ? `misfire: ${String(why)}` : 'emitted'
}

/** Of HTTP/2 by their frames: a stream that was refused before it had been read is no request. */
function attemptsIn(entries: readonly Entry[]): number {
  const [streams, struck] = [new Set<string>(), new Set<number>()]
  const requests = new Set<number>()
  for (const entry of entries) {
    if (entry.kind === 'frame' && entry.dir === 'in' && entry.type === 'HEADERS') {
      streams.add(`${entry.conn}:${entry.stream}`)
    }
    if (entry.kind === 'request' && entry.stream === undefined && !entry.malformed) requests.add(entry.req)
    if (entry.kind === 'fault' && entry.req !== undefined) struck.add(entry.req)
  }
  // Of HTTP/1.1, what was struck at its head is not entered otherwise.
  return streams.size === 0 ? new Set([...requests, ...struck]).size : requests.size + streams.size
}
