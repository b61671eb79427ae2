/**
 * The faults: one table. Name, parameters with units, points and a sentence for each; its type, its JSON
 * Schema, `tailrace faults` and the documentation derive from here. `fakes/faults/` performs them.
 */
import { argumentsSchema } from './parameters.ts'
import type { Arguments, Parameters, Schema } from './parameters.ts'

/** Where a fault may strike, in the order in which an exchange meets them. */
export const points = [
  'accept',
  'tls',
  'session',
  'request',
  'request-body',
  'response-head',
  'response-body',
  'message',
  'response-end',
  'idle',
  'flush',
  'land',
  'client',
] as const

export type PointName = (typeof points)[number]

/** `request-body(4096)` is `{ name: 'request-body', n: 4096 }`: n counts bytes, for `message` messages. */
export interface Point {
  name: PointName
  n?: number
}

/** Points that take a number. */
export const numberedPoints: readonly PointName[] = ['request-body', 'response-body', 'message']

/** At these the record has been taken or not, and a rule must say which. */
export const pointsAfterTake: readonly PointName[] = [
  'response-head',
  'response-body',
  'message',
  'response-end',
]

interface FaultSpec {
  readonly layer: 'h1' | 'tls' | 'h2' | 'message' | 'application' | 'pipeline' | 'export' | 'client'
  readonly points: readonly PointName[]
  readonly parameters: Parameters
  /**
   * Whose answer the client sees: the fault's `own`, the `protocol`'s (whole, cut or late), or `none`.
   * The protocol's answer promises that the record was taken (202 follows take), so it needs `taken: true`.
   */
  readonly answer: 'own' | 'protocol' | 'none'
  /** A shaper changes how bytes flow, composes with faults, and takes no slot. */
  readonly shaper?: true
  readonly says: string
  readonly source: string
}

export const faults = {
  none: {
    layer: 'h1',
    points: ['request', 'request-body', 'response-head', 'response-body', 'response-end'],
    parameters: {},
    answer: 'protocol',
    says: 'Normal service: a step in a queue of outcomes.',
    source: 'design §5',
  },
  http_error: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      status: { type: 'integer', min: 200, max: 599, says: 'status code of the answer' },
      headers: { type: 'headers', optional: true, says: 'added to the answer' },
      body: { type: 'text', optional: true, says: "the body; the protocol's own error body when absent" },
      retry_after_s: {
        type: 'integer',
        min: 0,
        max: 86_400,
        optional: true,
        says: 'Retry-After, in seconds',
      },
      retry_after_form: {
        type: 'choice',
        of: ['seconds', 'date'],
        optional: true,
        says: 'as delta-seconds or as an HTTP-date; seconds when absent',
      },
      date_skew_s: {
        type: 'integer',
        min: -86_400,
        max: 86_400,
        optional: true,
        says: 'by how much the Date header is wrong',
      },
      location: {
        type: 'choice',
        of: ['same', 'other'],
        optional: true,
        says: 'a Location header: our own origin, with `moved` counted up in the query, or the same path elsewhere',
      },
    },
    answer: 'own',
    says: 'Answers with this status in place of what the protocol would have said.',
    source: 'RFC 9110 §15',
  },
  latency: {
    layer: 'h1',
    points: ['accept'],
    parameters: {
      delay_ms: { type: 'integer', min: 0, max: 3_600_000, says: 'added before each write of the server' },
      jitter_ms: {
        type: 'integer',
        min: 0,
        max: 3_600_000,
        optional: true,
        says: 'at most this much more or less, drawn for each connection and write',
      },
    },
    answer: 'protocol',
    shaper: true,
    says: 'Delays what the server writes, keeping its order.',
    source: 'toxiproxy latency',
  },
  header_delay: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      delay_ms: { type: 'integer', min: 0, max: 3_600_000, says: 'before the head of the answer' },
    },
    answer: 'protocol',
    says: 'Holds the head of the answer back.',
    source: 'RFC 9110 §15.5.9',
  },
  stall: {
    layer: 'h1',
    points: ['request', 'request-body', 'response-head', 'response-body', 'response-end'],
    parameters: {
      for_ms: {
        type: 'integer',
        min: 1,
        max: 3_600_000,
        optional: true,
        says: 'then goes on; until the faults are healed when absent',
      },
    },
    answer: 'none',
    says: 'Stops reading or writing and leaves the connection open.',
    source: 'toxiproxy timeout',
  },
  limit_data: {
    layer: 'h1',
    points: ['response-head', 'response-body'],
    parameters: {
      bytes: {
        type: 'integer',
        min: 0,
        max: 1_000_000_000,
        says: 'body bytes written from the point on, filled with spaces where the answer is shorter',
      },
      of_bytes: {
        type: 'integer',
        min: 1,
        max: 1_000_000_000,
        optional: true,
        says: "the Content-Length that is promised; the answer's own length when absent",
      },
      framing: {
        type: 'choice',
        of: ['length', 'chunked', 'close'],
        optional: true,
        says: 'how the end of the body is marked; length when absent',
      },
      end: { type: 'choice', of: ['fin', 'rst'], says: 'how the connection ends' },
      linger_ms: {
        type: 'integer',
        min: 0,
        max: 10_000,
        optional: true,
        says: 'between the last bytes and the RST; 20 when absent',
      },
    },
    answer: 'protocol',
    says: 'Writes the head and a part of the body, then ends the connection.',
    source: 'RFC 9112 §8',
  },
  empty_response: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'none',
    says: 'Closes the connection with FIN where the answer was due.',
    source: 'RFC 9112 §9.5',
  },
  reset_peer: {
    layer: 'h1',
    points: ['request', 'request-body', 'response-head', 'response-body', 'response-end'],
    parameters: {
      linger_ms: {
        type: 'integer',
        min: 0,
        max: 10_000,
        optional: true,
        says: 'between the last bytes and the RST; 20 when absent',
      },
    },
    answer: 'none',
    says: 'Resets the connection with RST.',
    source: 'RFC 9293 §3.5.2',
  },
  rate_limit: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      limit: { type: 'integer', min: 0, max: 1_000_000, says: 'requests served in each window' },
      per_s: { type: 'integer', min: 1, max: 3_600, says: 'length of a window' },
      retry_after: {
        type: 'choice',
        of: ['none', 'seconds', 'date'],
        optional: true,
        says: 'how the 429 names the end of the window; seconds when absent',
      },
    },
    answer: 'own',
    says: 'Serves the first requests of each window and answers the others with 429.',
    source: 'RFC 6585 §4; Tinybird "Ingestion protection": 1 request per second',
  },
  connection_close: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    says: 'Adds Connection: close to the answer, ends our half of the connection after it, and goes on reading.',
    source: 'RFC 9112 §9.6',
  },
  keepalive_race: {
    layer: 'h1',
    points: ['request'],
    parameters: { how: { type: 'choice', of: ['fin', 'rst'], says: 'how the connection ends' } },
    answer: 'none',
    says: 'Closes a kept connection just when its next request arrives; the first request of a connection is spared.',
    source: 'RFC 9112 §9.3.1',
  },
  idle_close: {
    layer: 'h1',
    points: ['idle'],
    parameters: {
      after_ms: { type: 'integer', min: 0, max: 3_600_000, says: 'without a request, after an answer' },
      how: { type: 'choice', of: ['fin', 'rst'], optional: true, says: 'how it ends; fin when absent' },
    },
    answer: 'none',
    says: 'Closes a connection that has carried an answer and then stayed idle.',
    source: 'RFC 9112 §9.5',
  },
  early_response: {
    layer: 'h1',
    points: ['request'],
    parameters: {
      status: { type: 'integer', min: 400, max: 599, says: 'status code of the answer' },
      close: {
        type: 'flag',
        optional: true,
        says: 'ends our half of the connection after it, and drains what still comes',
      },
    },
    answer: 'own',
    says: 'Answers before the body has been read.',
    source: 'RFC 9112 §9.3, §9.6',
  },
  upload_reset: {
    layer: 'h1',
    points: ['request-body'],
    parameters: {},
    answer: 'none',
    says: 'Resets the connection within the upload, at once.',
    source: 'RFC 9112 §9.3.1',
  },
  connection_refused: {
    layer: 'h1',
    points: ['accept'],
    parameters: {
      for_ms: { type: 'integer', min: 1, max: 3_600_000, says: 'then the listener opens again' },
    },
    answer: 'none',
    says: 'Closes the listener for a while: connections are refused, those that are open stay.',
    source: 'OTLP "cannot connect"',
  },
  early_hints: {
    layer: 'h1',
    points: ['response-head'],
    parameters: {
      status: { type: 'integer', min: 102, max: 199, optional: true, says: '103 when absent' },
      headers: { type: 'headers', optional: true, says: 'of the interim answer' },
    },
    answer: 'protocol',
    says: 'Sends an interim answer before the final one.',
    source: 'RFC 9110 §15.2; RFC 8297',
  },
  partial_batch: {
    layer: 'application',
    points: ['response-head'],
    parameters: {
      from: {
        type: 'integer',
        min: 0,
        max: 1_000_000,
        says: 'struck are records whose sequence modulo `of` is this or more',
      },
      of: { type: 'integer', min: 1, max: 1_000_000, says: 'the modulus' },
      as: {
        type: 'choice',
        of: ['quarantine', 'retry', 'unknown'],
        says: 'taken and quarantined; not taken, to be sent again; or quarantined with a result that no client knows',
      },
      times: {
        type: 'integer',
        min: 1,
        max: 1_000,
        optional: true,
        says: 'how often each record is struck at most',
      },
      names: { type: 'flag', optional: true, says: 'the answer names the records that were struck' },
    },
    answer: 'protocol',
    says: "Takes a part of the batch, and says so in the protocol's way.",
    source: 'Tinybird "Quarantine"; OTLP "Partial Success"',
  },
  discard_after_take: {
    layer: 'application',
    points: ['response-head'],
    parameters: {},
    answer: 'protocol',
    says: 'Takes the records, answers that they were accepted (202), and loses them.',
    source: 'Tinybird guide "Wait for acknowledgement"',
  },
  client_stop: {
    layer: 'client',
    points: ['client'],
    parameters: {
      how: { type: 'choice', of: ['sigterm', 'sigkill'], says: 'what ends the client' },
      after_requests: {
        type: 'integer',
        min: 1,
        max: 1_000_000,
        optional: true,
        says: 'once this many have been seen',
      },
      after_ms: {
        type: 'integer',
        min: 0,
        max: 3_600_000,
        optional: true,
        says: 'or this long after its start',
      },
    },
    answer: 'none',
    says: 'Ends the client in the middle of its work.',
    source: 'design §4',
  },
} as const

type Conforming<T extends Readonly<Record<string, FaultSpec>>> = T
type FaultTable = Conforming<typeof faults>

export type FaultName = keyof FaultTable

/** A fault with its arguments, as it stands in a plan. */
export type Fault = {
  [N in FaultName]: { readonly type: N } & Arguments<FaultTable[N]['parameters']>
}[FaultName]

export type FaultOf<N extends FaultName> = Extract<Fault, { type: N }>

export function faultSpec(name: FaultName): FaultSpec {
  return faults[name]
}

export const faultNames: readonly FaultName[] = Object.keys(faults) as FaultName[]

/** The JSON Schema of one fault in a plan. */
export function faultSchema(name: FaultName): Schema {
  return argumentsSchema('type', name, faults[name].parameters)
}

/** `response-head`, `request-body(4096)`. */
export function shownPoint(point: Point): string {
  return point.n === undefined ? point.name : `${point.name}(${point.n})`
}
