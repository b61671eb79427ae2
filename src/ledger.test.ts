import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runOf } from './check/testing/ledgers.ts'
import { HandClock } from './clock.ts'
import { phases } from './entry.ts'
import type { Entry, EntryBody } from './entry.ts'
import { TailraceError } from './errors.ts'
import { fileSink, Ledger, parseLedger, readLedger } from './ledger.ts'
import { limits } from './limits.ts'

const { n: _n, t: _t, ...run } = runOf()
const offer: EntryBody = { kind: 'offer', ids: [[0, 0, 9]] }

function file(): string {
  return join(mkdtempSync(join(tmpdir(), 'tailrace-')), 'ledger.ndjson')
}

describe('a ledger', () => {
  it('numbers its entries, and reads the time where none is given', async () => {
    const clock = new HandClock()
    const ledger = new Ledger(clock)
    ledger.write(run)
    await clock.advance(2)
    expect(ledger.write(offer)).toEqual({ n: 1, t: 2_000_000, ...offer })
    ledger.write({ kind: 'open', conn: 0, proto: 'h1' }, 1_500_000)
    expect(ledger.entries.map(({ n, t, kind }) => [n, t, kind])).toEqual([
      [0, 0, 'run'],
      [1, 2_000_000, 'offer'],
      [2, 1_500_000, 'open'],
    ])
  })

  it('is bounded: what comes beyond is counted, not kept, and `full` resolves', async () => {
    const lines: string[] = []
    const sink = { line: (text: string) => void lines.push(text), close: () => Promise.resolve() }
    const ledger = new Ledger(new HandClock(), sink)
    let full = false
    void ledger.full.then(() => (full = true))
    for (let n = 0; n < limits.ledgerEntriesMax; n += 1) ledger.write({ kind: 'phase', name: 'drive' })
    await Promise.resolve()
    expect([full, ledger.dropped]).toEqual([false, 0])
    ledger.write(offer)
    ledger.write(offer)
    await ledger.full
    expect(ledger.dropped).toBe(2)
    expect(ledger.entries).toHaveLength(limits.ledgerEntriesMax)
    expect(lines).toHaveLength(limits.ledgerEntriesMax)
    expect(ledger.entries.at(-1)).toMatchObject({ n: limits.ledgerEntriesMax - 1, kind: 'phase' })
  })

  it('tells of an entry that is there already', async () => {
    const ledger = new Ledger(new HandClock())
    ledger.write(run)
    ledger.write(offer)
    ledger.write(offer)
    expect(await ledger.until(({ kind }) => kind === 'offer')).toMatchObject({ n: 1 })
  })

  it('tells everyone who waits of the first entry that each of them wants, once', async () => {
    const ledger = new Ledger(new HandClock())
    const told: number[] = []
    const wait = (wanted: (entry: Entry) => boolean): Promise<void> =>
      ledger.until(wanted).then(({ n }) => void told.push(n))
    const all = [wait(({ n }) => n >= 1), wait(({ kind }) => kind === 'offer'), wait(({ n }) => n >= 2)]
    ledger.write(run)
    ledger.write(offer)
    ledger.write(offer)
    await Promise.all(all)
    expect(told).toEqual([1, 1, 2])
  })
})

describe('a ledger in a file', () => {
  it('reads back as it was written', async () => {
    const path = file()
    const ledger = new Ledger(new HandClock(), fileSink(path))
    ledger.write(run)
    ledger.write(offer, 12)
    ledger.write({ kind: 'claim', what: 'signal', raw: 'SIGKILL \u2028 "Zürich"', by: 'client' }, 34.5)
    for (const name of phases) ledger.write({ kind: 'phase', name })
    ledger.write({ kind: 'lateness', p50: 0, p99: 0, p999: 0 })
    await ledger.close()
    expect(readLedger(path)).toEqual(ledger.entries)
  })

  it('says that there is no more room while its file lags, and when there is again', async () => {
    const path = file()
    const sink = fileSink(path)
    const line = 'x'.repeat(limits.sinkGatheredBytesMax)
    expect(sink.room).toBeUndefined()
    let lines = 0
    for (; !sink.room && lines < 1_000; lines += 1) sink.line(line)
    expect(lines * (line.length + 1)).toBeGreaterThanOrEqual(limits.sinkBytesMax)
    await sink.room
    expect(sink.room).toBeUndefined()
    sink.line('last')
    await sink.close()
    const text = readFileSync(path, 'utf8')
    expect(text.length).toBe(lines * (line.length + 1) + 'last\n'.length)
    expect(text.endsWith('x\nlast\n')).toBe(true)
  })

  it('lets nobody wait for a file that cannot be written', async () => {
    const sink = fileSink(join(file(), 'no', 'folder'))
    while (!sink.room) sink.line('x'.repeat(limits.sinkGatheredBytesMax))
    await sink.room
    await expect(sink.close()).rejects.toThrow('ENOENT')
  })

  it('says on close that it could not be written', async () => {
    const ledger = new Ledger(new HandClock(), fileSink(join(file(), 'no', 'folder')))
    ledger.write(run)
    await expect(ledger.close()).rejects.toThrow('ENOENT')
  })

  it('that is not there, or too large, is an error with its name', () => {
    const path = file()
    expect(() => readLedger(path)).toThrow(
      `cannot read ${path}\n  ${path}: expected a readable ledger, got ENOENT`,
    )
    writeFileSync(path, '')
    truncateSync(path, limits.ledgerBytesMax + 1) // sparse
    expect(() => readLedger(path)).toThrow(
      `${path} is too large\n  ${path}: expected at most 536870912 bytes, got 536870913 bytes`,
    )
  })
})

describe('what is no whole ledger', () => {
  const lines = [runOf(), { n: 1, t: 5, ...offer }, { n: 2, t: 6, kind: 'phase', name: 'drive' }].map(
    (entry) => JSON.stringify(entry),
  )
  const [first = '', second = '', third = ''] = lines

  function messageFor(text: string): string {
    try {
      parseLedger(text, 'x')
    } catch (error) {
      if (error instanceof TailraceError) return error.message
      throw error
    }
    return 'no error'
  }

  const end = [
    ...phases.map((name) => ({ kind: 'phase', name })),
    { kind: 'lateness', p50: 0, p99: 0, p999: 0 },
  ]
  const numbered = (entries: readonly object[]): string =>
    entries.map((entry, n) => `${JSON.stringify({ t: 7, ...entry, n })}\n`).join('')

  it('is told from one that is', () => {
    expect(messageFor(numbered([runOf(), ...end]))).toBe('no error')
  })

  it('is one that was cut at the end of a line, that lacks a part, or that has two runs', () => {
    expect(messageFor(numbered([runOf(), ...end.slice(0, 4)]))).toBe(
      [
        'x is not a whole ledger',
        'x: expected an entry phase check, got none in 5 entries',
        'x: expected an entry phase stop, got none in 5 entries',
        'x: expected an entry lateness, got none in 5 entries',
      ].join('\n  '),
    )
    expect(messageFor(numbered([runOf(), ...end, runOf()]))).toContain('x:9 /kind: expected one entry run')
  })

  it.each([
    ['nothing at all', '', ['x: expected a ledger, got an empty file']],
    ['a gap', `${first}\n${third}\n`, ['x:2 /n: expected 1 (no gap), got 2']],
    [
      'a line torn at its end',
      `${first}\n${second.slice(0, 19)}`,
      ['x:2: expected a line end, got a torn line "{\\"n\\":1,\\"t\\":5,\\"kind\\""'],
    ],
    ['a whole line without its end', first, [/^x:1: expected a line end, got a torn line "\{.*…$/]],
    ['a line torn in the middle', `${first}\n{"n":1\n`, ['x:2: expected one JSON object, got "{\\"n\\":1"']],
    [
      'an unknown kind',
      `${first}\n{"n":1,"t":1,"kind":"rumour"}\n`,
      [/^x:2 \/kind: expected one of run, phase, offer, act, claim, .*, lateness, got "rumour"$/],
    ],
    ['no object', `${first}\nnull\n`, [/^x:2 \/kind: expected one of run, .*, got undefined$/]],
    [
      'wrong types, all at once',
      `${first}\n{"n":1,"t":-1,"kind":"take","req":"7"}\n{"n":2,"t":0,"kind":"phase","name":"lunch"}\n`,
      [
        'x:2 /: expected the key ids, got none',
        'x:2 /t: expected >= 0, got -1',
        'x:2 /req: expected integer, got "7"',
        'x:3 /name: expected one of start, drive, heal, settle, check, stop, got "lunch"',
      ],
    ],
    [
      'no run at its head',
      `${JSON.stringify({ ...JSON.parse(second), n: 0 })}\n`,
      ['x:1: expected an entry of kind run, got "offer"'],
    ],
    [
      'a first line that cannot be read',
      `{\n${second}\n`,
      ['x:1: expected one JSON object, got "{"'], // and no word of what stands in its place
    ],
  ])('%s', (_, text, wanted) => {
    const [summary, ...problems] = messageFor(text).split('\n  ')
    expect(summary).toBe('x is not a whole ledger')
    expect(problems).toEqual(
      wanted.map((line) => (typeof line === 'string' ? line : (expect.stringMatching(line) as unknown))),
    )
  })

  it('names no more than twenty problems', () => {
    const message = messageFor(`${first}\n${'{}\n'.repeat(100)}`)
    expect(message.split('\n')).toHaveLength(21)
  })

  it('never gets past the parser: any one line lost is noticed', async () => {
    const path = file()
    const ledger = new Ledger(new HandClock(), fileSink(path))
    ledger.write(run)
    for (let i = 0; i < 5; i += 1) ledger.write(offer)
    await ledger.close()
    const all = readFileSync(path, 'utf8').trimEnd().split('\n')
    for (let lost = 0; lost < all.length - 1; lost += 1) {
      const rest = all.filter((_, i) => i !== lost).join('\n')
      expect(messageFor(`${rest}\n`)).toContain('is not a whole ledger')
    }
  })
})
