/**
 * What a case can promise: one table of rules, and the names of the checks that hold in every case. `src/check/`
 * judges each name.
 */
import type { Arguments, Parameters } from './parameters.ts'

/** Signs: K landed rows of a record, R(i) requests that carry record i. */
export const rules = {
  landed: {
    parameters: { times: { type: 'integer', min: 0, max: 10_000_000, says: 'rows of each record' } },
    says: 'every record offered lands exactly this often',
  },
  attempts: {
    parameters: {
      min: { type: 'integer', min: 0, max: 10_000_000, optional: true, says: 'at least' },
      max: { type: 'integer', min: 0, max: 10_000_000, optional: true, says: 'at most' },
    },
    says: 'each record offered is carried by this many requests',
  },
  requests: {
    parameters: {
      max: { type: 'integer', min: 0, max: 10_000_000, says: 'at most' },
      knob: { type: 'text', optional: true, says: 'the limit holds where this knob is honoured' },
      max_otherwise: {
        type: 'integer',
        min: 0,
        max: 10_000_000,
        optional: true,
        says: 'the limit where it is not',
      },
    },
    says: 'no more requests than this carry records',
  },
  retried: {
    parameters: { after: { type: 'status', says: 'status of the answer, or network' } },
    says: 'sent again after this failure and landed once; under a profile that does not retry it: sent once, and told',
  },
  not_retried: {
    parameters: { after: { type: 'status', says: 'status of the answer' } },
    says: 'sent once; where the records went out in several requests, the later ones still come',
  },
  gaps: {
    parameters: {
      min_ms: {
        type: 'number',
        min: 0,
        max: 3_600_000,
        says: 'least time from an answer to the next attempt',
      },
      slack_ms: { type: 'number', min: 0, max: 3_600_000, says: 'by how much a careful client exceeds it' },
      count_min: { type: 'integer', min: 0, max: 10_000_000, says: 'gaps that must be seen' },
    },
    says: 'the client waits between an error answer and the next attempt',
  },
  retry_after: {
    parameters: { slack_ms: { type: 'number', min: 0, max: 60_000, says: 'how much earlier is forgiven' } },
    says: 'no attempt comes before Retry-After has passed',
  },
  shrinks: {
    parameters: {},
    says: 'sent once, or a second time in a smaller body',
  },
  told: {
    parameters: {
      named: {
        type: 'flag',
        optional: true,
        says: 'on a rung that carries claims, what was not delivered is named',
      },
    },
    says: 'the client says that something was not delivered',
  },
  resent_or_told: {
    parameters: {},
    says: 'records whose answer did not arrive whole are sent again, under the same ids and key, or told',
  },
  taken_before_exit: {
    parameters: {},
    says: 'the last record is taken before the client exits',
  },
  ndjson: {
    parameters: {},
    says: 'every body is lines of JSON objects, a record a line',
  },
  utf8: {
    parameters: {},
    says: 'every body is valid UTF-8',
  },
  authorized: {
    parameters: {},
    says: 'every request carries the token',
  },
  no_credentials_elsewhere: {
    parameters: {},
    says: 'what follows a redirect to another origin carries no credentials',
  },
  silent: {
    parameters: {
      client: { type: 'integer', min: 0, max: 65_535, says: 'which of the clients of the case, from 0' },
    },
    says: 'this client, which is offered nothing, sends nothing',
  },
  fresh_connection: {
    parameters: { after: { type: 'status', says: 'status of the answer, or network' } },
    says: 'what is sent again after this failure goes over another connection',
  },
  outlasts: {
    parameters: {
      failures: {
        type: 'integer',
        min: 1,
        max: 1_000,
        optional: true,
        says: "in a row; one less than the profile's least attempts when absent",
      },
    },
    says: 'delivered by the attempt after so many failures, where the profile allows that many; else told',
  },
  within_budget: {
    parameters: {
      most: { type: 'flag', optional: true, says: "the profile's most attempts are judged, too" },
    },
    says: "each record is sent at least, or from the least to the most, as often as the profile's attempts say",
  },
  kept_together: {
    parameters: {},
    says: 'the records of a failed request are all carried by one later request',
  },
  not_starved: {
    parameters: {},
    says: 'while the batch of the first record fails, others land',
  },
  one_layer: {
    parameters: {},
    says: 'attempts form one sequence of gaps, no bursts of tries parted by a longer wait',
  },
  others_land: {
    parameters: { after: { type: 'status', says: 'status of the answer' } },
    says: 'records in no request that was answered so land, each once',
  },
  stops: {
    parameters: {
      after: { type: 'status', says: 'status of the answer' },
      seen: { type: 'integer', min: 1, max: 1_000, says: 'answers after which the client knows' },
      at_most: { type: 'integer', min: 0, max: 10_000, says: 'requests that may still follow' },
    },
    says: 'after so many answers of a kind the client stops sending, or slows',
  },
  conflict_is_delivery: {
    parameters: {},
    says: 'with an idempotency key, 409 says that the records are there: sent once, and no loss is claimed',
  },
  gaps_grow: {
    parameters: {
      factor: { type: 'number', min: 1, max: 1_000, says: 'last gap by first gap, median of the clients' },
      gaps_min: { type: 'integer', min: 2, max: 100, says: 'gaps that must be seen' },
    },
    says: 'the gaps between attempts grow',
  },
  gaps_spread: {
    parameters: {
      share: { type: 'number', min: 0, max: 10, says: 'of the median gap' },
      clients_min: { type: 'integer', min: 2, max: 1_000, says: 'clients that must have been seen to wait' },
    },
    says: 'the gaps of many clients spread from p10 to p90 by this share, beyond what a constant delay shows',
  },
  gaps_capped: {
    parameters: {
      knob: { type: 'text', says: 'the wish that holds the cap, in milliseconds' },
      cap_ms: { type: 'number', min: 0, max: 3_600_000, says: 'its value' },
      factor: { type: 'number', min: 1, max: 100, says: 'of the cap that a gap may reach' },
    },
    says: 'no gap exceeds the cap, where the client honours it',
  },
  backoff_resets: {
    parameters: {},
    says: 'after a success a failure is retried; the gap is measured beside the first one',
  },
  calm_in_outage: {
    parameters: {
      until_s: { type: 'number', min: 0, max: 3_600, says: 'when it ends' },
      workers: { type: 'integer', min: 1, max: 1_000, says: 'requests under way at a time' },
      knob: {
        type: 'text',
        optional: true,
        says: 'the wish that holds their number; n/a where it is not honoured',
      },
    },
    says: "while all fails, no more requests come than so many workers times the profile's most attempts",
  },
  calm_after: {
    parameters: {
      share: { type: 'number', min: 0, max: 1, says: 'of Retry-After' },
      grace_ms: { type: 'number', min: 0, max: 10_000, says: 'for what was under way' },
    },
    says: 'after an answer with Retry-After nothing is sent for so long, whatever it carries',
  },
  limited_gap: {
    parameters: { slack_ms: { type: 'number', min: 0, max: 60_000, says: 'how much earlier is forgiven' } },
    says: "after 429 without Retry-After no attempt comes before the profile's least gap",
  },
  rate: {
    parameters: {
      per_s_max: { type: 'number', min: 0, max: 1_000_000, says: 'requests per second, on average' },
      until_s: { type: 'number', min: 0, max: 3_600, says: 'when the limit ends' },
    },
    says: 'from the first 429 to the end of the limit requests come no faster',
  },
  splits: {
    parameters: {},
    says: 'after 413 each record comes in bodies that do not grow, and lands, where the profile wants it split',
  },
  isolates: {
    parameters: {
      seq: { type: 'integer', min: 0, max: 4_294_967_295, says: 'of the record that is too large' },
    },
    says: 'the record that is too large is told, the others land, in few requests',
  },
  learns: {
    parameters: {},
    says: 'the later requests are not answered 413 any more',
  },
  told_or_landed: {
    parameters: {},
    says: 'every record lands, or the client says that something was not delivered',
  },
  same_records: {
    parameters: {},
    says: 'a record is the same, id and time and all, in every attempt',
  },
  same_key: {
    parameters: {},
    says: 'the same bytes are sent under the same idempotency key',
  },
  fresh_keys: {
    parameters: {},
    says: 'other records are sent under another idempotency key',
  },
  same_body: {
    parameters: {},
    says: 'under the same idempotency key the same bytes are sent',
  },
  within_window: {
    parameters: {
      knob: { type: 'text', says: 'the wish that holds the window, in milliseconds' },
      window_ms: { type: 'number', min: 1, max: 86_400_000, says: 'its value' },
    },
    says: 'after the window in which the server knows a repeat, nothing is sent again: the client tells',
  },
  asks_for_commit: {
    parameters: {},
    says: 'every request asks for the acknowledgement of the landing (wait=true), and is acknowledged after 200 alone',
  },
  accepted_is_not_acked: {
    parameters: {},
    says: 'what was only accepted (202) and asked to be durable is not acknowledged',
  },
  acks_follow_answers: {
    parameters: {},
    says: 'no record is acknowledged before its full answer',
  },
  redirected: {
    parameters: {},
    says: 'after 307 or 308 the same body is sent by the same method to the new place',
  },
  connections: {
    parameters: { max: { type: 'integer', min: 1, max: 10_000, says: 'at most' } },
    says: 'requests share their connections',
  },
  close_honoured: {
    parameters: {},
    says: 'no request comes on a connection that the server said it would close',
  },
  reused_after_idle: {
    parameters: {},
    says: 'after the server closed an idle connection, the next records are delivered, once',
  },
  live_connections: {
    parameters: {
      max: { type: 'integer', min: 1, max: 10_000, says: 'at most' },
      knob: { type: 'text', optional: true, says: 'the wish that sets them; n/a where it is not honoured' },
    },
    says: 'no more connections are open at the same time',
  },
  settles: {
    parameters: {
      live: { type: 'integer', min: 1, max: 10_000, says: 'what the server takes at a time' },
      more_max: {
        type: 'integer',
        min: 0,
        max: 10_000,
        says: 'connections beyond that, once it has turned one away',
      },
    },
    says: 'a client that has been told of too many connections opens few more of them',
  },
  calm_connections: {
    parameters: {
      min_ms: {
        type: 'number',
        min: 0,
        max: 60_000,
        says: 'least time from a GOAWAY to the next connection',
      },
    },
    says: 'after GOAWAY(ENHANCE_YOUR_CALM) one new connection comes, after a wait that grows',
  },
  goaway_honoured: {
    parameters: { grace_ms: { type: 'number', min: 0, max: 10_000, says: 'for what was under way' } },
    says: 'no new stream comes on a connection after GOAWAY',
  },
  resent_unprocessed: {
    parameters: {},
    says: 'what the server says it has not processed is sent again, and after GOAWAY on another connection',
  },
  streams_kept: {
    parameters: { max: { type: 'integer', min: 1, max: 1_000, says: 'at most, as our SETTINGS say' } },
    says: 'once our SETTINGS are acknowledged, no more streams are open at the same time',
  },
  pings_acked: {
    parameters: { grace_ms: { type: 'number', min: 0, max: 10_000, says: 'for the acknowledgement' } },
    says: 'every PING is acknowledged',
  },
  gives_up_waiting: {
    parameters: {
      or_told: { type: 'flag', optional: true, says: 'what is told need not be sent again' },
    },
    says: 'an attempt that stalls is ended by the client, and its records are sent again; the delay is measured',
  },
  before_stop: {
    parameters: {
      what: { type: 'choice', of: ['request', 'landed'], says: 'a first request, or the landing of all' },
    },
    says: 'it comes before the client is asked to stop',
  },
  ends_by_itself: {
    parameters: { nonzero: { type: 'flag', optional: true, says: 'with a code that tells of the failure' } },
    says: 'once asked to stop the client ends by itself; the delay is measured',
  },
} as const

type Conforming<T extends Readonly<Record<string, { parameters: Parameters; says: string }>>> = T
type RuleTable = Conforming<typeof rules>

export type RuleName = keyof RuleTable

/** A rule with its arguments, as it stands in a case. */
export type RuleCall = {
  [N in RuleName]: { readonly use: N } & Arguments<RuleTable[N]['parameters']>
}[RuleName]

export const ruleNames: readonly RuleName[] = Object.keys(rules) as RuleName[]

/** Invariants that hold in every ingest case. */
export const ingestInvariants = [
  'inv.no-loss',
  'inv.no-double',
  'inv.no-false-ack',
  'inv.no-false-success',
  'inv.no-false-fail',
  'inv.no-invention',
  'inv.integrity',
  'inv.no-hot-loop',
  'inv.clean-exit',
] as const

/** Properties of delivery (`docs/properties.md`), judged where a case has no rule of its own: under a user's plan. */
export const ingestProperties = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
  'I13',
  'I14',
  'I15',
  'I16',
  'I17',
  'I18',
  'I19',
  'I20',
  'I21',
  'I22',
  'I23',
  'I24',
  'X1',
  'X2',
  'X3',
  'X4',
] as const
export type PropertyName = (typeof ingestProperties)[number]
