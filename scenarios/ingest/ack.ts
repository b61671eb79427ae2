/** What counts as an acknowledgement, and what does not. */
import type { Case } from '../../src/door/index.ts'
import { answers, atAnswer, ifMet, ingest } from './ingest.ts'

const group = { ...ingest, group: 'Acknowledgement semantics', records: 10 } as const
const guide = 'Tinybird guide "Wait for acknowledgement"'

export const ack: readonly Case[] = [
  {
    ...group,
    id: 'ing.ack.truncated-200',
    title: 'An answer that breaks off is no acknowledgement, whatever its status.',
    level: 'SHOULD',
    source: 'RFC 9112 §8',
    faults: [
      atAnswer({
        id: 'truncated',
        when: { attempt: [1] },
        taken: true,
        fault: { type: 'limit_data', bytes: 40, of_bytes: 100, end: 'fin' },
      }),
    ],
    promises: [{ use: 'resent_or_told' }],
  },
  {
    ...group,
    id: 'ing.ack.wait-true',
    title: 'A client that is to be durable asks for the acknowledgement of the landing.',
    level: 'SHOULD',
    source: guide,
    protocols: ['events-api'],
    needs: { knobs: ['ack.durable'] },
    config: { 'ack.durable': true },
    faults: [],
    promises: [{ use: 'asks_for_commit' }],
  },
  {
    ...group,
    id: 'ing.ack.202-is-not-commit',
    title: 'A client that is to be durable acknowledges nothing on 202: the server may lose it still.',
    level: 'MAY',
    source: guide,
    protocols: ['events-api'],
    needs: { rung: 'lines', knobs: ['ack.durable'] },
    config: { 'ack.durable': true },
    faults: [atAnswer({ id: 'lost', taken: true, fault: { type: 'discard_after_take' } })],
    promises: [{ use: 'accepted_is_not_acked' }],
  },
  {
    ...group,
    id: 'ing.ack.not-before-response',
    title: 'Nothing is acknowledged before the answer has come.',
    level: 'MUST',
    source: 'inv.no-false-ack (docs/verdicts.md)',
    needs: { rung: 'lines' },
    faults: [atAnswer({ id: 'late', taken: true, fault: { type: 'header_delay', delay_ms: 1000 } })],
    promises: [{ use: 'acks_follow_answers' }],
  },
  {
    ...group,
    id: 'ing.ack.1xx',
    title: 'An interim answer is not the answer.',
    level: 'MUST',
    source: 'RFC 9110 §15.2',
    faults: [atAnswer({ id: 'hints', taken: true, fault: { type: 'early_hints' } })],
    promises: [
      { use: 'landed', times: 1 },
      { use: 'attempts', min: 1, max: 1 },
    ],
  },
  {
    ...group,
    id: 'ing.ack.100-unasked',
    title: 'A 100 that nobody waits for is survived: the records are delivered, or told.',
    level: 'MAY',
    source: 'RFC 9110 §15.2',
    faults: [
      atAnswer({
        id: 'continue',
        when: { attempt: [1] },
        taken: true,
        fault: { type: 'unasked_continue' },
      }),
    ],
    promises: [{ use: 'told_or_landed' }],
  },
  {
    ...group,
    id: 'ing.ack.307-308',
    title: 'After 308 the same body is sent by POST to the new place.',
    level: 'SHOULD',
    source: 'RFC 9110 §15.4.8, §15.4.9',
    faults: [answers(308, [1], { location: 'same' })],
    promises: [{ use: 'redirected' }, { use: 'landed', times: 1 }],
  },
  {
    ...group,
    id: 'ing.ack.302-not-get',
    title: 'A GET that follows a 302 delivers nothing, whatever its answer.',
    level: 'SHOULD',
    source: 'RFC 9110 §15.4.3',
    faults: [
      answers(302, [1], { location: 'same' }),
      ifMet({
        id: 'well-got',
        match: { method: ['GET', 'HEAD'] },
        key: 'connection',
        on: 'response-head',
        taken: true,
        fault: { type: 'http_error', status: 200, body: '{"ok":true}' },
      }),
    ],
    promises: [{ use: 'told_or_landed' }],
  },
]
