/** The pipe driver against small real commands: each of the ways in which a client can behave and end. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { realClock, scaledClock } from '../clock.ts'
import type { Drive, Driven, Kill } from '../driver.ts'
import type { EntryKind, EntryOf } from '../entry.ts'
import { Ledger } from '../ledger.ts'
import { limits } from '../limits.ts'
import { idsIn, recordAt, recordSource } from '../record.ts'
import { endAllClients, pipeDriver } from './pipe.ts'
import { marked } from './processes.ts'

const dir = mkdtempSync(join(tmpdir(), 'tailrace-pipe-'))
const source = recordSource('1', 'pipe')
const node = `'${process.execPath}'`

afterAll(() => rmSync(dir, { recursive: true }))

afterEach(async () => {
  vi.unstubAllEnvs()
  await expect.poll(() => marked(`TAILRACE_DIR=${dir}`), { timeout: 5_000 }).toEqual([])
})

interface Ran extends Driven {
  ledger: Ledger
  ms: number
}

async function drive(command: string, count = 10, options: Partial<Drive> = {}): Promise<Ran> {
  const clock = options.clock ?? realClock()
  const ledger = new Ledger(clock)
  const driven = await pipeDriver(command).drive({
    ledger,
    clock,
    source,
    ids: [[0, 0, count - 1]],
    env: { TAILRACE_DIR: dir, TAILRACE_URL: 'http://127.0.0.1:9/' },
    budgetMs: 20_000,
    ...options,
  })
  return { ...driven, ledger, ms: clock.now() / 1e6 }
}

function entries<K extends EntryKind>({ ledger }: Ran, kind: K): EntryOf<K>[] {
  return ledger.entries.filter((entry): entry is EntryOf<K> => entry.kind === kind)
}

function claims(ran: Ran): object[] {
  return entries(ran, 'claim').map(({ n: _n, t: _t, kind: _kind, ...members }) => members)
}

function lines(count: number): string {
  const ids = [...idsIn([[0, 0, count - 1]])]
  return ids.map((id) => `${JSON.stringify(recordAt(source, id))}\n`).join('')
}

describe('the exit', () => {
  it.each([0, 1, 10, 22])('%i is the client’s word', async (code) => {
    const ran = await drive(`exit ${code}`)
    expect(ran).toMatchObject({ ended: 'exit', code, signal: null })
    expect(claims(ran)).toEqual([{ what: 'exit', code }])
  })

  it('by a signal that we did not send is the client’s own', async () => {
    const ran = await drive('kill -SEGV $$')
    expect(ran).toMatchObject({ ended: 'signal', code: null, signal: 'SIGSEGV' })
    expect(claims(ran)).toEqual([{ what: 'signal', raw: 'SIGSEGV', by: 'client' }])
  })

  it('127, no such command, means that it did not start', async () => {
    const ran = await drive('/no/such/command')
    expect(ran).toMatchObject({ ended: 'not-started', code: 127 })
    expect(ran.stderr.bytes.toString()).toContain('/no/such/command')
    expect(claims(ran)).toEqual([{ what: 'exit', code: 127 }])
  })

  it('126, not executable, means that it did not start', async () => {
    writeFileSync(join(dir, 'plain'), 'text', { mode: 0o644 })
    const ran = await drive(join(dir, 'plain'))
    expect(ran).toMatchObject({ ended: 'not-started', code: 126 })
  })

  it('of a command that the system refuses to start is entered with the reason', async () => {
    const ran = await drive('exit 0', 1, { env: { TOO_LONG: 'x'.repeat(4_000_000) } })
    expect(ran).toMatchObject({ ended: 'not-started', code: null, signal: null })
    expect(claims(ran)).toEqual([{ what: 'exit', raw: expect.stringContaining('E2BIG') as string }])
    expect(ran.stderr.bytes.toString()).toContain('E2BIG')
    expect(entries(ran, 'offer')).toEqual([])
  })
})

describe('a client that is over at once', () => {
  it('is seen to exit, however many of them there are', async () => {
    for (let round = 0; round < 10; round += 1) {
      const all = await Promise.all(Array.from({ length: 5 }, () => drive('exit 3')))
      expect(all.map(({ code }) => code)).toEqual([3, 3, 3, 3, 3])
    }
  })
})

describe('stdin', () => {
  it.each([1, 1_000, 20_000])('brings %i records whole, in order, and then its end', async (count) => {
    const ran = await drive('cat', count, { budgetMs: 30_000 })
    const expected = lines(count)
    expect(ran).toMatchObject({ ended: 'exit', code: 0 })
    expect(ran.stdout.total).toBe(Buffer.byteLength(expected))
    expect(ran.stdout.bytes.equals(Buffer.from(expected).subarray(0, limits.outputBytesMax))).toBe(true)
    expect(entries(ran, 'offer').map(({ ids }) => ids)).toEqual([[[0, 0, count - 1]]])
    expect(entries(ran, 'stall')).toEqual([])
  })

  it('and the others can be opened by name, as pipes can', async () => {
    const ran = await drive('cat /dev/stdin > /dev/stdout && echo done > /dev/stderr', 3)
    expect(ran.stdout.bytes.toString()).toBe(lines(3))
    expect(ran.stderr.bytes.toString()).toBe('done\n')
  })

  it.each([1_000, 20_000])('that is never read holds nobody up: %i records', async (count) => {
    const ran = await drive('exit 3', count)
    expect(claims(ran)).toEqual([{ what: 'exit', code: 3 }])
    expect(entries(ran, 'offer').map(({ ids }) => ids)).toEqual([[[0, 0, count - 1]]])
  })

  it('may be closed early by a client that goes on', async () => {
    const ran = await drive(`head -n 1 >'${dir}/first'; exec <&-; echo on; exit 10`, 20_000)
    expect(claims(ran)).toEqual([{ what: 'exit', code: 10 }])
    expect(ran.stdout.bytes.toString()).toBe('on\n')
  })

  it('is watched: a write that blocks for a second is entered', async () => {
    // A thousand times longer than it is: the client needs a few ms until it reads.
    const ran = await drive(`${node} -e 'process.stdin.resume()'`, 20_000, {
      clock: scaledClock(realClock(), 0.001),
      budgetMs: 20_000_000,
    })
    expect(claims(ran)).toEqual([{ what: 'exit', code: 0 }])
    const stalls = entries(ran, 'stall')
    expect(stalls.length).toBeGreaterThan(0)
    for (const { who, ms } of stalls) {
      expect(who).toBe('stdin')
      expect(ms).toBeGreaterThanOrEqual(limits.stdinStallMs)
    }
  })
})

describe('output', () => {
  it('of any bytes is kept as it is', async () => {
    const ran = await drive(String.raw`printf '\377\000\001'; printf '\376' >&2`)
    expect([...ran.stdout.bytes]).toEqual([0xff, 0, 1])
    expect([...ran.stderr.bytes]).toEqual([0xfe])
  })

  it('of 100 MB is read to the end, counted, and kept up to the bound', async () => {
    const ran = await drive('head -c 100000000 /dev/zero')
    expect(claims(ran)).toEqual([{ what: 'exit', code: 0 }])
    expect(ran.stdout.total).toBe(100_000_000)
    expect(ran.stdout.bytes.length).toBe(limits.outputBytesMax)
  })
})

describe('a client that outlives its budget', () => {
  it('gets SIGTERM, and is stuck', async () => {
    const ran = await drive('sleep 60', 1, { budgetMs: 300 })
    expect(ran).toMatchObject({ ended: 'stuck', code: null, signal: 'SIGTERM' })
    expect(entries(ran, 'stall').map(({ who, ms }) => [who, ms])).toEqual([['client', 300]])
    expect(claims(ran)).toEqual([{ what: 'signal', raw: 'SIGTERM', by: 'harness' }])
  })

  it('and ignores SIGTERM gets SIGKILL after the grace', async () => {
    const clock = scaledClock(realClock(), 0.2)
    const ran = await drive(`trap '' TERM; sleep 60; sleep 60`, 1, { clock, budgetMs: 1_500 })
    expect(ran).toMatchObject({ ended: 'stuck', signal: 'SIGKILL' })
    expect(claims(ran)).toEqual([{ what: 'signal', raw: 'SIGKILL', by: 'harness' }])
    expect(ran.ms).toBeGreaterThanOrEqual(1_500 + limits.killGraceMs - 10)
  })

  it('and exits with 0 at our SIGTERM does not say that all is well', async () => {
    const ran = await drive(`trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done`, 1, {
      budgetMs: 1_000,
    })
    expect(ran).toMatchObject({ ended: 'stuck', code: 0 })
    expect(claims(ran)).toEqual([{ what: 'signal', raw: 'SIGTERM', by: 'harness', code: 0 }])
  })

  it('and reads nothing is stuck, with the time for which it blocked', async () => {
    const ran = await drive('sleep 60', 20_000, { clock: scaledClock(realClock(), 0.2), budgetMs: 6_000 })
    expect(ran.ended).toBe('stuck')
    expect(entries(ran, 'stall').map(({ who }) => who)).toEqual(['client', 'stdin'])
  })
})

describe('a case that is about a signal', () => {
  const graceful = `
    process.once('SIGTERM', () => setTimeout(() => process.exit(7), 100))
    console.log('ready')
    setInterval(() => {}, 1000)`
  const ready = (kill: Kill): Partial<Drive> => ({
    kill,
    steps: [{ do: 'wait', for: 'fault', at_most_ms: 3_000 }],
  })

  it('waits for what the client makes of it, and its code is its word', async () => {
    const kill: Kill = { send: undefined }
    const script = join(dir, 'graceful.mjs')
    writeFileSync(script, graceful)
    const running = drive(`${node} '${script}' > '${dir}/ready'`, 1, ready(kill))
    await expect
      .poll(() => readFileSync(join(dir, 'ready'), { encoding: 'utf8', flag: 'a+' }))
      .toBe('ready\n')
    kill.send?.('SIGTERM')
    const ran = await running
    expect(ran).toMatchObject({ ended: 'exit', code: 7 })
    expect(claims(ran)).toEqual([{ what: 'exit', code: 7 }])
    expect(entries(ran, 'act').filter(({ what }) => what === 'signal')).toMatchObject([{ raw: 'SIGTERM' }])
  })

  it('and a client that does not listen is ended by us, without a word', async () => {
    const kill: Kill = { send: undefined }
    const running = drive('sleep 60', 1, ready(kill))
    await expect.poll(() => marked(`TAILRACE_DIR=${dir}`)).not.toEqual([])
    kill.send?.('SIGKILL')
    expect(claims(await running)).toEqual([{ what: 'signal', raw: 'SIGKILL', by: 'harness' }])
  })
})

describe('ended early', () => {
  it('by the caller’s signal, a client is ended by the harness and not stuck', async () => {
    const over = new AbortController()
    const running = drive('sleep 60', 1, { signal: over.signal })
    await expect.poll(() => marked(`TAILRACE_DIR=${dir}`)).not.toEqual([])
    over.abort()
    const ran = await running
    expect(ran).toMatchObject({ ended: 'signal', signal: 'SIGTERM' })
    expect(claims(ran)).toEqual([{ what: 'signal', raw: 'SIGTERM', by: 'harness' }])
    expect(entries(ran, 'stall')).toEqual([])
  })

  it('before it began, a client is ended all the same', async () => {
    const ran = await drive('sleep 60', 1, { signal: AbortSignal.abort() })
    expect(claims(ran)).toMatchObject([{ what: 'signal', by: 'harness' }])
  })

  it('all clients end at once, with their groups and what left them', async () => {
    const running = [drive('sleep 60 & sleep 60; wait'), drive('setsid sleep 60 & sleep 60')]
    await expect.poll(async () => (await marked(`TAILRACE_DIR=${dir}`)).length).toBeGreaterThanOrEqual(8)
    await endAllClients()
    expect((await marked(`TAILRACE_DIR=${dir}`)).filter(({ command }) => command.includes('sleep'))).toEqual(
      [],
    )
    for (const ran of await Promise.all(running)) expect(ran.signal).toBe('SIGKILL')
  })
})

describe('what a client leaves behind', () => {
  it('in its group is ended without a word', async () => {
    const ran = await drive('sleep 60 & exit 0')
    expect(claims(ran)).toEqual([{ what: 'exit', code: 0 }])
    expect(ran.ms).toBeLessThan(20_000)
  })

  it('in a session of its own is found, named and ended, though it holds the pipes', async () => {
    const leave = `require("child_process").spawn("sleep",["60"],{detached:true,stdio:"inherit"}).unref()`
    const ran = await drive(`${node} -e '${leave}'`)
    expect(claims(ran)).toEqual([
      { what: 'exit', code: 0 },
      { what: 'alert', raw: 'left 1 processes behind: sleep 60' },
    ])
    expect(ran.ms).toBeLessThan(20_000)
  })
})

describe('the environment', () => {
  it('is what the caller gives, on top of ours, without what an outer run left in it', async () => {
    vi.stubEnv('TAILRACE_OUTER', 'stale')
    vi.stubEnv('ORDINARY', 'kept')
    const ran = await drive('env')
    const names = ran.stdout.bytes.toString().split('\n')
    expect(names).toContain('ORDINARY=kept')
    expect(names).toContain('TAILRACE_URL=http://127.0.0.1:9/')
    expect(names).toContain(`TAILRACE_DIR=${dir}`)
    expect(names.filter((line) => line.startsWith('TAILRACE_OUTER'))).toEqual([])
  })
})
