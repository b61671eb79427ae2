/** What a case gives to its clients, in words: for `explain` and for the page of the cases. */
import type { Step } from '../driver.ts'
import type { Payload } from '../record.ts'
import type { Case } from '../scenario.ts'

/** Sentences. */
export function givenOf(c: Case): string[] {
  return [
    ...(c.again
      ? ['what another case that has passed gives, drawn by the seed, under a name that says nothing.']
      : []),
    ...offered(c),
    ...(c.payload ? looks(c.payload) : []),
    ...(c.steps ? [`${c.steps.map(step).join('; ')}.`] : []),
    ...(c.http2 ? ['The URL says https; HTTP/2 and HTTP/1.1 are offered.'] : []),
    ...(c.connections_cap ? [capped(c.connections_cap)] : []),
    ...(c.config ? [`TAILRACE_CONFIG wishes ${JSON.stringify(c.config)}.`] : []),
  ]
}

const turnedAway = {
  goaway: 'by GOAWAY(ENHANCE_YOUR_CALM), or 429 over HTTP/1.1',
  '429': 'by 429',
  refuse: 'by RST',
} as const

function capped({ live, answer }: NonNullable<Case['connections_cap']>): string {
  return `The server takes ${count(live, 'connection')} at a time, and turns more away ${turnedAway[answer]}.`
}

/** What the client must be able to do, on one line. */
export function needsOf({ needs }: Case): string {
  const { rung, can = [], knobs = [] } = needs
  return [
    ...(rung === undefined ? [] : [`rung ${rung}`]),
    ...can.map((what) => `can ${what}`),
    ...knobs.map((knob) => `knob ${knob}`),
  ].join(', ')
}

function offered({ clients, records, steps }: Case): string[] {
  if (!clients) return [`${count(records, 'record')}${steps ? '' : ', then the end'}.`]
  const each = [...new Set(clients.records)].map((n) => count(n, 'record')).join(', then ')
  const control =
    clients.control === undefined
      ? ''
      : `, beside a client of ours that always waits for the same time, with ${count(clients.control, 'record')}`
  return [`${clients.records.length} clients ${clients.how}, each with ${each}${control}.`]
}

function looks({ text, pad_bytes, pad_at, drift_from }: Payload): string[] {
  return [
    ...(text === 'newlines' ? ['Values hold line ends, U+2028 and quotes.'] : []),
    ...(text === 'unicode' ? ['Values hold characters of four bytes and combining marks.'] : []),
    ...(pad_bytes === undefined ? [] : [`Each record is filled with ${pad_bytes} bytes.`]),
    ...(pad_at ? [`Record ${pad_at.seq} is filled with ${pad_at.bytes} bytes.`] : []),
    ...(drift_from === undefined ? [] : [`From record ${drift_from} on there are new fields.`]),
  ]
}

const awaited: Readonly<Record<Extract<Step, { do: 'wait' }>['for'], string>> = {
  request: 'a request',
  answer: 'an answer',
  fault: 'the fault',
  close: 'the server to close a connection',
  landed: 'everything to land',
}

function step(s: Step): string {
  switch (s.do) {
    case 'offer':
      return `offer ${count(s.records, 'record')}`
    case 'wait':
      return `wait for ${awaited[s.for]}, ${s.at_most_ms} ms at most`
    case 'flush':
    case 'stop':
      return s.do
  }
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
