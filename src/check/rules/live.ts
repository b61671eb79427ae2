/**
 * Rules on how many connections are open at the same time, and on how they are opened after a server has asked for
 * fewer: live_connections, settles, calm_connections.
 */
import type { EntryOf } from '../../entry.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Facts } from '../facts.ts'
import { counted, finding, shownMs } from '../finding.ts'
import { tested } from './answers.ts'
import { unseen } from './unseen.ts'

type Open = EntryOf<'open'>

/** How much later than the client we may see that it has closed a connection, milliseconds. */
const closeSlackMs = 50

/** Connections open at the time of each opening, itself counted: those that were for sure, and all. */
function counts(facts: Facts): { open: Open; sure: number; all: number }[] {
  const opens = facts.all('open')
  const closes = new Map(facts.all('close').map(({ conn, t }) => [conn, t]))
  return opens.map((open) => {
    const slack = (closeSlackMs + facts.latenessMsAt(open.t)) * 1e6
    const live = opens.filter(({ conn, t }) => t <= open.t && (closes.get(conn) ?? Infinity) > open.t)
    const surely = live.filter(({ conn }) => {
      return conn === open.conn || (closes.get(conn) ?? Infinity) > open.t + slack
    })
    return { open, sure: surely.length, all: live.length }
  })
}

export const liveConnections: RuleChecker<'live_connections'> = fromFacts((facts, { max, knob }) => {
  if (tested(facts).length === 0) return unseen
  const found = counts(facts)
  const most = Math.max(0, ...found.map(({ all }) => all))
  const measured = { liveConnections: most }
  if (knob !== undefined && !facts.run.knobs.includes(knob)) {
    return finding('n/a', `The client does not honour ${knob}: how many it is to have is not known.`, {
      measured,
    })
  }
  const because = `At most ${counted(most, 'connection')} open at the same time; ${max} allowed.`
  const sure = found.filter((one) => one.sure > max)
  const witnesses = sure.map(({ open }) => open.n)
  if (sure.length > 0) return finding('fail', because, { measured, witnesses })
  return finding(most > max ? 'unknown' : 'pass', because, { measured })
})

/** For connections that were under way when the first was turned away, milliseconds. */
const settleGraceMs = 100

/** Few connections beyond those that the server takes, once it has turned one away. */
export const settles: RuleChecker<'settles'> = fromFacts((facts, { live, more_max }) => {
  if (tested(facts).length === 0) return unseen
  const beyond = turnedAway(facts, live)
  const measured = { turnedAway: beyond.length }
  const [first] = beyond
  if (!first)
    return finding('pass', `Never more than ${counted(live, 'connection')} at a time.`, { measured })
  const more = beyond.filter(({ t }) => t - first.t > settleGraceMs * 1e6)
  const said = `${counted(beyond.length, 'connection')} turned away, the first at ${shownMs(first.t)}`
  const because = `${said}; ${more.length} of them came after that was known, ${more_max} allowed.`
  const witnesses = more.map(({ n }) => n)
  return finding(more.length > more_max ? 'fail' : 'pass', because, { measured, witnesses })
})

/** Each connection that opens while as many are open as the server takes. */
function turnedAway(facts: Facts, live: number): Open[] {
  const moves = [...facts.all('close'), ...facts.all('open')].sort((a, b) => a.t - b.t)
  let open = 0
  return moves.filter((move): move is Open => {
    open += move.kind === 'open' ? 1 : -1
    return move.kind === 'open' && open > live
  })
}

/** RFC 9113 §7. */
const enhanceYourCalm = 0xb
/** Waits that differ by less are the same wait; and by so much a wait grows that is meant to. */
const sameFactor = 1.2
const growthFactor = 1.5

/** After a GOAWAY for calm, the connections that are opened until the next one. */
interface Calm {
  readonly goaway: EntryOf<'frame'>
  readonly opens: readonly Open[]
  /** Other connections that came to their end meanwhile and had carried something: they may be replaced. */
  readonly replaced: number
}

/** One connection for each GOAWAY that asks for calm, and each later than the one before. */
export const calmConnections: RuleChecker<'calm_connections'> = (facts, { min_ms }) => {
  const goaways: EntryOf<'frame'>[] = []
  return {
    step: (entry) => {
      if (entry.kind === 'frame' && entry.dir === 'out' && entry.code === enhanceYourCalm) goaways.push(entry)
    },
    finish: () => {
      if (tested(facts).length === 0) return unseen
      const calls = goaways.filter(({ type }) => type === 'GOAWAY').sort((a, b) => a.t - b.t)
      const [first] = calls
      if (!first) return finding('unknown', 'No GOAWAY asked for calm.')
      const used = new Set(facts.attempts().map(({ request }) => request.conn))
      const calms = calls.map((goaway, i): Calm => {
        const until = calls[i + 1]?.t ?? Infinity
        const within = ({ t }: { readonly t: number }): boolean => t > goaway.t && t <= until
        const ended = facts.all('close').filter((close) => within(close) && close.conn !== goaway.conn)
        const replaced = ended.filter(({ conn }) => used.has(conn)).length
        return { goaway, opens: facts.all('open').filter(within), replaced }
      })
      const followed = calms.filter(({ opens }) => opens.length > 0)
      if (followed.length === 0) {
        return finding('n/a', 'No connection was opened after a GOAWAY that asked for calm.')
      }
      return judgeCalm(facts, followed, calms.length, min_ms)
    },
  }
}

function judgeCalm(facts: Facts, calms: readonly Calm[], asked: number, minMs: number): Finding {
  const gaps = calms.map(({ goaway, opens: [open] }) => ((open?.t ?? Infinity) - goaway.t) / 1e6)
  const latenessMs = Math.max(...calms.map(({ opens: [open] }) => facts.latenessMsAt(open?.t ?? 0)))
  const least = Math.min(...gaps)
  const measured = { gapMsMin: least, gapMsMax: Math.max(...gaps) }
  const shown = gaps.map((gap) => `${gap.toFixed(0)} ms`).join(', ')
  const because = `After ${counted(asked, 'GOAWAY')} that asked for calm new connections came after ${shown}`
  const result = (verdict: Finding['verdict'], why: string): Finding => {
    const witnesses = calms.flatMap(({ goaway, opens }) => [goaway.n, ...opens.map(({ n }) => n)])
    return finding(verdict, `${because}: ${why}.`, { measured, witnesses })
  }
  // The last one is followed by whatever the client needs from then on.
  const crowd = calms.find(({ opens, replaced }, i) => i < calms.length - 1 && opens.length > 1 + replaced)
  if (crowd) return result('fail', `${crowd.opens.length} of them after one GOAWAY`)
  if (least < minMs) return result('fail', `at least ${minMs} ms wanted`)
  if (gaps.length < 2) return result('unknown', 'one wait cannot grow')
  const [first = 0, last = 0] = [gaps[0], gaps.at(-1)]
  if (last - latenessMs >= growthFactor * first) return result('pass', 'they grow')
  const isSame = gaps.length > 2 && Math.max(...gaps) < sameFactor * least
  if (isSame && latenessMs < (sameFactor - 1) * least) return result('fail', 'they do not grow')
  return result('unknown', 'whether they grow cannot be told')
}
