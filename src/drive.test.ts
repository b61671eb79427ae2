/** The end of a client in the middle of its work: `client_stop`. */
import { describe, expect, it } from 'vitest'
import { HandClock, sleep } from './clock.ts'
import { driveClients } from './drive.ts'
import type { Drive, Driven, Driver } from './driver.ts'
import type { EntryOf } from './entry.ts'
import type { FaultOf } from './fault.ts'
import { Ledger } from './ledger.ts'
import { recordSource } from './record.ts'
import { caseOf } from './testing/cases.ts'

type Stop = Omit<FaultOf<'client_stop'>, 'type'>

interface Stopped {
  readonly signals: readonly string[]
  readonly faults: readonly EntryOf<'fault'>[]
}

const nothing = { bytes: Buffer.alloc(0), total: 0 }
const exited: Driven = { ended: 'exit', code: 0, signal: null, stdout: nothing, stderr: nothing }

/** A client that sends a request every 100 ms for so long, and can be signalled while it lives. */
async function stopped(stop: Stop, livesMs: number): Promise<Stopped> {
  const clock = new HandClock()
  const ledger = new Ledger(clock)
  const signals: string[] = []
  const driver: Driver = {
    rung: 'test',
    command: 'test',
    drive: async ({ kill }: Drive) => {
      if (kill) kill.send = (name) => void signals.push(`${clock.now() / 1e6} ${name}`)
      for (let req = 0; req * 100 < livesMs; req += 1) {
        await sleep(clock, 100)
        ledger.write({
          ...{
            kind: 'request',
            req,
            conn: 0,
            site: { lane: 'ingest', attempt: 1 },
            method: 'POST',
            path: '/',
          },
          ...{ ids: [[0, req, req]], bytes: 1, complete: true },
        })
      }
      if (kill) kill.send = undefined
      return exited
    },
  }
  const c = caseOf('stop', {
    faults: [{ id: 'end', key: 'global', on: 'client', fault: { type: 'client_stop', ...stop } }],
  })
  const common = { ledger, clock, source: recordSource('1', 'stop'), env: {}, budgetMs: 9_000 }
  await clock.until(driveClients(c, { driver }, common))
  await clock.advance(10_000) // what was planned for later must not come
  return { signals, faults: ledger.entries.filter((entry) => entry.kind === 'fault') }
}

describe('client_stop', () => {
  it.each<[Stop, string]>([
    [{ how: 'sigterm', after_requests: 3 }, '300 SIGTERM'],
    [{ how: 'sigkill', after_requests: 1 }, '100 SIGKILL'],
    [{ how: 'sigterm', after_ms: 250 }, '250 SIGTERM'],
    [{ how: 'sigterm', after_requests: 2, after_ms: 450 }, '200 SIGTERM'],
    [{ how: 'sigterm', after_requests: 9, after_ms: 450 }, '450 SIGTERM'],
  ])('%j strikes once, and is entered as planned', async (stop, signal) => {
    const { signals, faults } = await stopped(stop, 600)
    expect(signals).toEqual([signal])
    const planned = { point: 'client', type: 'client_stop', ...stop }
    expect(faults).toMatchObject([{ rule: 'end', planned, emitted: planned }])
  })

  it('does not strike a client that has ended before', async () => {
    expect(await stopped({ how: 'sigterm', after_ms: 5_000 }, 300)).toEqual({ signals: [], faults: [] })
  })
})

describe('clients in turn', () => {
  it.each<[Driven['ended'], number]>([
    ['exit', 2],
    ['signal', 2],
    ['stuck', 1],
    ['not-started', 1],
  ])('after one that ended by %s: %i are started', async (ended, count) => {
    const clock = new HandClock()
    const started: (number | undefined)[] = []
    const drive = ({ client }: Drive): Promise<Driven> => {
      started.push(client)
      return Promise.resolve(client === 0 ? { ...exited, ended } : exited)
    }
    const c = caseOf('turns', { clients: { records: [1, 1], how: 'in turn' } })
    const common = { ledger: new Ledger(clock), clock, source: recordSource('1', 'x'), env: {}, budgetMs: 1 }
    const driven = await driveClients(c, { driver: { rung: 'test', command: 'test', drive } }, common)
    expect(started).toHaveLength(count)
    expect(driven.ended).toBe(ended)
  })
})
