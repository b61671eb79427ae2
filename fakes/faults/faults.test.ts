/**
 * Every fault on a bare socket: the exact bytes, FIN or RST, what the ledger planned and what it says was emitted,
 * with the record taken and not taken. The families' own tests are beside this file.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { faultNames } from '../../src/fault.ts'
import type { FaultName } from '../../src/fault.ts'
import { frameAnswers } from '../../src/faults/frames-answers.ts'
import { frames } from '../../src/faults/frames.ts'
import { countIds } from '../../src/record.ts'
import { RawClient } from '../testing/raw-client.ts'
import { ndjson, post, serving } from '../testing/serving.ts'
import { idlePerformers, listenerPerformers, performers, sessionPerformers, tlsPerformers } from './index.ts'
import { answerSights } from './testing/answer-sights.ts'
import { batchSights } from './testing/batch-sights.ts'
import { cutSights } from './testing/cut-sights.ts'
import { malformedSights } from './testing/malformed-sights.ts'
import { paceSights } from './testing/pace-sights.ts'
import { ok, ruleFor } from './testing/sight.ts'
import type { Sights } from './testing/sight.ts'

/** Faults that no request can show: those of the listener have files of their own, the stage stops clients. */
const ofListener = {
  connection_refused: 'refusals.test.ts',
  slow_accept: 'backlog.test.ts',
  backlog_full: 'backlog.test.ts',
} as const
/** A bare socket shows nothing of what is said within TLS. */
const ofTls = {
  tls_untrusted: 'tls.test.ts',
  tls_expired: 'tls.test.ts',
  tls_handshake_stall: 'tls.test.ts',
  tls_handshake_reset: 'tls.test.ts',
  tls_handshake_fin: 'tls.test.ts',
  tls_plaintext: 'tls.test.ts',
  tls_alert: 'tls.test.ts',
  tls_version: 'tls.test.ts',
  tls_client_cert_required: 'tls.test.ts',
  alpn_h1_only: 'tls.test.ts',
  alpn_mismatch: 'tls.test.ts',
  tls_corrupt_record: 'tls-records.test.ts',
  tls_no_close_notify: 'tls-records.test.ts',
  tls_reset_mid_body: 'tls-records.test.ts',
} as const
/** What frames/*.test.ts show: they demand a sight for each of these. */
const ofFrames = { ...frames, ...frameAnswers }
const elsewhere = { ...ofListener, ...ofTls, ...ofFrames, client_stop: undefined } as const

/** It does not compile while a fault is missing. */
const sights: Sights<Exclude<FaultName, keyof typeof elsewhere>> = {
  ...answerSights,
  ...cutSights,
  ...batchSights,
  ...malformedSights,
  ...paceSights,
}

const cases = Object.entries(sights).flatMap(([name, all]) =>
  all.flatMap((sight) => (sight.taken ?? [true, false]).map((taken) => ({ name, taken, sight }))),
)

describe('every fault', () => {
  it('has a performer, and a sight of its own name', () => {
    const performed = {
      ...{ ...performers, ...idlePerformers, ...listenerPerformers },
      ...{ ...tlsPerformers, ...sessionPerformers },
    }
    const byOthers = ['latency', 'bandwidth', 'slicer', 'client_stop'] // the gate shapes, the stage stops
    expect([...Object.keys(performed), ...byOthers].sort()).toEqual([...faultNames].sort())
    expect([...Object.keys(sights), ...Object.keys(elsewhere)].sort()).toEqual([...faultNames].sort())
    for (const [name, file] of Object.entries({ ...ofListener, ...ofTls })) {
      const tests = readFileSync(new URL(file, import.meta.url), 'utf8')
      expect(tests).toContain(`describe('${name} on a socket'`)
    }
    for (const [name, all] of Object.entries(sights)) {
      expect(new Set(all.map(({ fault }) => fault.type)), name).toEqual(new Set([name]))
    }
  })

  it.each(cases)('$name at $sight.point, taken $taken: $sight.fault', async ({ taken, sight }) => {
    await using server = await serving([ruleFor(sight, taken)])
    const client = await RawClient.to(server.port)
    const { before = 0 } = sight
    for (let i = 1; i <= before; i += 1) {
      client.send(post(ndjson(i, i)))
      expect(await client.until(ok.repeat(i))).toBe(ok.repeat(i))
    }
    client.send(post(ndjson(0, 0), '/', sight.asks))
    if (sight.end === 'open') {
      expect(await client.until(sight.text)).toBe(sight.text)
      client.socket.destroy()
    } else {
      expect(await client.toEnd()).toEqual({ text: sight.text, how: sight.end })
    }
    const struck = await server.first('fault')
    expect(struck.rule).toBe('struck')
    expect(struck.emitted).toEqual(struck.planned)
    expect(struck.planned).toMatchObject({ ...sight.fault, point: sight.point ?? 'response-head' })
    server.heal() // what a fault holds without end
    await server.quiet()
    const landed = server.entries('land').flatMap(({ ids }) => ids)
    expect(countIds(landed)).toBe(sight.landed ?? (taken ? 1 : 0))
    expect(server.entries('sent').length).toBe(before + 1)
    expect(server.entries('fault').length).toBe(1)
    expect(server.failures).toEqual([])
  })
})

describe('a stall without end', () => {
  it('lasts until the faults are healed, and the answer then goes out', async () => {
    await using server = await serving([
      { id: 'held', on: 'response-head', key: 'content', taken: true, fault: { type: 'stall' } },
    ])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('fault')
    expect(server.entries('respond')).toEqual([])
    server.heal()
    expect(await client.until(ok)).toBe(ok)
    client.socket.destroy()
  })

  it('ends in no answer where the record was not taken', async () => {
    await using server = await serving([
      { id: 'held', on: 'response-head', key: 'content', taken: false, fault: { type: 'stall' } },
    ])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('fault')
    server.heal()
    expect(await client.toEnd()).toEqual({ text: '', how: 'fin' })
    expect(server.entries('land')).toEqual([])
  })

  it('ends when the client goes away, and nothing is answered', async () => {
    await using server = await serving([
      { id: 'held', on: 'response-head', key: 'content', taken: false, fault: { type: 'stall' } },
    ])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('fault')
    client.socket.resetAndDestroy()
    expect(await server.first('sent')).toMatchObject({ written: 'none' })
    await server.deserted()
    expect(server.entries('land')).toEqual([])
  })
})

describe('a fault that cannot be performed', () => {
  it('is entered as a misfire: planned and emitted differ', async () => {
    await using server = await serving([
      {
        id: 'late',
        on: 'response-head',
        key: 'content',
        taken: true,
        fault: { type: 'header_delay', delay_ms: 60_000 },
      },
    ])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('land')
    client.socket.resetAndDestroy()
    const { planned, emitted } = await server.first('fault')
    expect(planned.type).toBe('header_delay')
    expect(emitted).toMatchObject({ type: 'none', why: 'gone' })
  })

  it('is a misfire too when the record was to be taken and the protocol refused it', async () => {
    await using server = await serving(
      [{ id: 'reset', on: 'response-head', taken: true, fault: { type: 'reset_peer' } }],
      'events-api',
    )
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0), '/v0/events?name=x'))
    expect(await client.toEnd()).toEqual({ text: '', how: 'rst' })
    const { planned, emitted } = await server.first('fault')
    expect([planned.taken, emitted.taken]).toEqual([true, false])
    expect(server.entries('take')).toEqual([])
  })
})
