/**
 * Rules on how a client stops: before_stop, ends_by_itself, silent.
 *
 * The asking is the first end of input, stop or signal that the ledger has for the client. What comes before it is
 * an order of facts: what the harness may have seen too late is in doubt, not wrong.
 */
import type { EntryOf } from '../../entry.ts'
import { takenIds } from '../../history.ts'
import type { IdRange } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Facts } from '../facts.ts'
import { counted, finding, merge, reporter, sentence, shownMs } from '../finding.ts'
import { IdSet } from '../sets.ts'
import type { Voice } from '../word.ts'
import { confirmedAt, tested } from './answers.ts'
import { unseen } from './unseen.ts'

type Act = EntryOf<'act'>

const unasked: Finding = finding('unknown', 'The client was not asked to stop.')

/** By which a client was first asked to stop. */
function askings({ acts }: Facts): Map<number, Act> {
  const first = new Map<number, Act>()
  for (const act of acts) {
    if (act.what !== 'eof' && act.what !== 'stop' && act.what !== 'signal') continue
    const known = first.get(act.client ?? 0)
    if (!known || act.t < known.t) first.set(act.client ?? 0, act)
  }
  return first
}

/** The clients under test and what each was offered by `until`, in nanoseconds. */
function offeredTo(facts: Facts, client: number, until: number = Infinity): IdRange[] {
  return facts.offers.flatMap((offer) => {
    return (offer.client ?? 0) === client && !offer.control && offer.t <= until ? offer.ids : []
  })
}

function clientsOf(facts: Facts): number[] {
  return [...new Set(facts.offers.flatMap(({ client = 0, control }) => (control ? [] : [client])))]
}

/** Of each client, a first request comes, or all that it was offered lands, before it is asked to stop. */
export const beforeStop: RuleChecker<'before_stop'> = (facts, { what }) => {
  const lands: EntryOf<'land'>[] = []
  return {
    step: (entry) => {
      if (entry.kind === 'land' && entry.error === undefined) lands.push(entry)
    },
    finish: () => {
      const asked = askings(facts)
      if (asked.size === 0) return tested(facts).length === 0 ? unseen : unasked
      const found = clientsOf(facts).map((client) => {
        const act = asked.get(client)
        const offered = offeredTo(facts, client, act?.t)
        if (!act) return unasked
        if (offered.length === 0)
          return finding('n/a', 'Nothing was offered before the client was asked to stop.')
        return what === 'request'
          ? requestBefore(facts, act, offered)
          : landedBefore(facts, act, offered, lands)
      })
      return found.length > 0 ? merge(found) : unseen
    },
  }
}

function requestBefore(facts: Facts, act: Act, offered: readonly IdRange[]): Finding {
  const set = new IdSet(offered)
  const first = tested(facts).find(({ ids }) => set.within(ids).length > 0)?.attempt.request
  if (!first) {
    const because = `No request came before the client was asked to stop at ${shownMs(act.t)}, and none after.`
    return finding('fail', because, { witnesses: [act.n] })
  }
  const order = `The first request came at ${shownMs(first.t)}, the client was asked to stop at ${shownMs(act.t)}.`
  const measured = { firstRequestMs: (first.t - since(facts, offered)) / 1e6 }
  return finding(inTime(facts, first.t, act.t), order, { measured, witnesses: [first.n, act.n] })
}

/** Passes before the bound, fails after it, and is unknown where the harness may have been late to see it. */
function inTime(facts: Facts, t: number, bound: number): 'pass' | 'unknown' | 'fail' {
  if (t < bound) return 'pass'
  return t - facts.latenessMsAt(t) * 1e6 < bound ? 'unknown' : 'fail'
}

/** When the first of these records was offered, in nanoseconds. */
function since(facts: Facts, offered: readonly IdRange[]): number {
  const set = new IdSet(offered)
  const times = facts.offers.flatMap(({ ids, t }) => (set.within(ids).length > 0 ? [t] : []))
  return times.reduce((a, b) => Math.min(a, b), Infinity)
}

function landedBefore(
  facts: Facts,
  act: Act,
  offered: readonly IdRange[],
  lands: readonly EntryOf<'land'>[],
): Finding {
  const [early, doubtful, taken] = [new IdSet(), new IdSet(), new IdSet()]
  const all = new IdSet(offered)
  let lastT = 0
  for (const { t, ids } of lands) {
    const theirs = all.within(ids)
    if (theirs.length === 0) continue
    lastT = Math.max(lastT, t)
    const verdict = inTime(facts, t, act.t)
    if (verdict !== 'fail') (verdict === 'pass' ? early : doubtful).add(theirs)
  }
  // Between the take and the landing it is the server's time that passes.
  for (const attempt of facts.attempts()) {
    if (attempt.takes.some(({ t }) => t < act.t)) taken.add(all.within(takenIds(attempt)))
  }
  const late = early.without(all.ranges())
  const blameless = new IdSet([...doubtful.within(late), ...taken.within(late)])
  const measured = lastT > 0 ? { landedMs: (lastT - since(facts, offered)) / 1e6 } : {}
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding('pass', `${early.size} of ${all.size} records had landed when the client was asked to stop.`, {
      measured,
      witnesses: [act.n],
    }),
    ...report('unknown', 'Taken by then, or perhaps landed', blameless.ranges()),
    ...report('fail', 'Not landed when the client was asked to stop', blameless.without(late)),
  ])
}

/** Once asked to stop, each client ends by itself; with `nonzero`, it tells of what was not confirmed to it. */
export const endsByItself: RuleChecker<'ends_by_itself'> = fromFacts((facts, { nonzero }) => {
  const asked = askings(facts)
  const found = clientsOf(facts).map((client) => {
    const voice = facts.word.voices.get(client)
    const end = voice?.ends[0] ?? voice?.done
    const act = asked.get(client)
    if (voice?.stuck) return stuck(voice, act)
    if (!act) return unasked
    return voice && end ? ending(facts, client, voice, act, end, nonzero ?? false) : unended(voice, act)
  })
  const whole = found.length > 0 ? merge(found) : unseen
  return whole.verdict !== 'fail' && facts.attempts().length === 0 ? unseen : whole
})

function stuck(voice: Voice, act: Act | undefined): Finding {
  const witnesses = [...(act ? [act.n] : []), ...(voice.stuck ? [voice.stuck.n] : [])]
  return finding('fail', sentence(`stuck: ${voice.shown}`), { witnesses })
}

function unended(voice: Voice | undefined, act: Act): Finding {
  const because = voice?.shown ?? 'the ledger does not say how the client ended'
  return finding('unknown', sentence(because), { witnesses: [act.n] })
}

function ending(
  facts: Facts,
  client: number,
  voice: Voice,
  act: Act,
  end: EntryOf<'claim'>,
  nonzero: boolean,
): Finding {
  const witnesses = [act.n, end.n]
  const itself = end.what === 'done' ? voice.ends.length === 0 : voice.code !== undefined
  if (!itself) return finding('unknown', sentence(voice.shown), { witnesses })
  if (end.t < act.t) {
    return finding('unknown', sentence(`${voice.shown} before it was asked to stop`), { witnesses })
  }
  const measured = { stopMs: (end.t - act.t) / 1e6 }
  const because = sentence(`${voice.shown}, ${shownMs(end.t - act.t)} after it was asked to stop`)
  const ended = finding('pass', because, { measured, witnesses })
  return nonzero ? merge([ended, telling(facts, client, voice)]) : ended
}

/** On the pipe by the exit code alone; elsewhere claims tell as well. */
function telling(facts: Facts, client: number, voice: Voice): Finding {
  const confirmed = new IdSet()
  for (const { attempt, ids } of tested(facts)) {
    if (confirmedAt(attempt, facts.run.profile) !== undefined) confirmed.add(ids)
  }
  const open = confirmed.without(offeredTo(facts, client))
  if (voice.toldByExit) return finding('pass', 'It told of the failure by its exit.')
  if (open.length === 0) {
    return finding('unknown', 'Everything was confirmed to the client, so there was nothing to tell.')
  }
  const untold = facts.run.rung === 'pipe' ? open : facts.word.untold(open)
  if (untold.length === 0) return finding('pass', 'It told of the failure by claims.')
  return merge(
    reporter(facts.attempts(), facts.word)('fail', 'Not confirmed to the client, and not told', untold),
  )
}

/** A client that is offered nothing makes no request, where one before it has delivered something. */
export const silent: RuleChecker<'silent'> = fromFacts((facts, { client }) => {
  const own = facts.offers.filter((offer) => (offer.client ?? 0) === client)
  const start = own.reduce((least, { t }) => Math.min(least, t), Infinity)
  if (own.length === 0) return finding('unknown', `Client ${client} was not started.`)
  if (own.some(({ ids }) => ids.length > 0))
    return finding('unknown', `Client ${client} was offered records.`)
  const others = facts.offers.filter((offer) => (offer.client ?? 0) !== client)
  const earlier = others.filter(({ t }) => t < start).flatMap(({ ids }) => ids)
  if (facts.landed.where(earlier, (rows) => rows > 0).length === 0) {
    return finding('unknown', 'No client before it delivered anything.')
  }
  const next = others.reduce((least, { t }) => (t > start ? Math.min(least, t) : least), Infinity)
  const requests = facts.attempts().map(({ request }) => request)
  const seen = requests.filter(({ t }) => t > start && t < next)
  if (seen.length > 0) return spoke(facts, client, start, seen)
  const over = facts.word.voices.get(client)?.over ?? false
  return finding(over ? 'pass' : 'unknown', `Client ${client} was offered nothing and sent nothing.`)
})

/** Certain where those that started before had ended by then, and the harness cannot have been late to see it. */
function spoke(facts: Facts, client: number, start: number, seen: readonly EntryOf<'request'>[]): Finding {
  const because = `Client ${client} was offered nothing; ${counted(seen.length, 'request')} came after its start.`
  const running = facts.offers.some(({ client: other = 0, t }) => {
    const ends = facts.word.voices.get(other)?.ends ?? []
    return other !== client && t <= start && !ends.some((end) => end.t <= start)
  })
  const sure = seen.filter(({ t }) => t - facts.latenessMsAt(t) * 1e6 > start)
  const witnesses = seen.map(({ n }) => n)
  if (!running && sure.length > 0) return finding('fail', because, { witnesses })
  return finding('unknown', `${because} They may be those of another client.`, { witnesses })
}
