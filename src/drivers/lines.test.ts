/** The lines driver against small programs: the conversation, and each of the ways in which it can go wrong. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { realClock, scaledClock } from '../clock.ts'
import type { Drive } from '../driver.ts'
import { limits } from '../limits.ts'
import { recordAt, recordSource } from '../record.ts'
import { linesDriver } from './lines.ts'
import { marked } from './processes.ts'
import { alerts, claims, entries, speak, speaker, tokenAt } from './testing/speakers.ts'
import type { Spoken } from './testing/speakers.ts'

const dir = mkdtempSync(join(tmpdir(), 'tailrace-lines-'))
const source = recordSource('1', 'lines')
const env = {
  ...{ TAILRACE_CASE: 'ing.a', TAILRACE_MODE: 'ingest', TAILRACE_URL: 'http://127.0.0.1:9/in' },
  ...{ TAILRACE_BASE: 'http://127.0.0.1:9', TAILRACE_TOKEN: 'tk_1', TAILRACE_SEED: dir },
  ...{ TAILRACE_DIR: dir, TAILRACE_CONFIG: '{"retry.base_ms":100}', TAILRACE_CONTRACT: '1' },
}
const token = (seq: number): string => tokenAt(source, seq)

afterAll(() => rmSync(dir, { recursive: true }))

afterEach(async () => {
  await expect.poll(() => marked(`TAILRACE_SEED=${dir}`), { timeout: 5_000 }).toEqual([])
})

function run(body: string, options: Partial<Drive> & { greeting?: string } = {}): Promise<Spoken> {
  return speak(linesDriver(speaker(dir, body, options.greeting)), env, options)
}

const ackedAll = { what: 'ack', ids: [[0, 0, 2]] }
const done = { what: 'done' }
const exit = { what: 'exit', code: 0 }

/** Acks that came one by one may stand in several entries. */
function ackedIds(spoken: Spoken): number[] {
  const acks = entries(spoken, 'claim').filter(({ what }) => what === 'ack')
  return acks.flatMap(({ ids = [] }) =>
    ids.flatMap(([, from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
  )
}

describe('a conversation', () => {
  it('begins with all that the environment says, and brings each record', async () => {
    const spoken = await run('', { source: recordSource('1', 'lines', { text: 'newlines' }) })
    const messages = spoken.told.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(messages[0]).toEqual({
      ...{ t: 'start', v: 1, case: 'ing.a', mode: 'ingest', url: env.TAILRACE_URL, base: env.TAILRACE_BASE },
      ...{ token: 'tk_1', seed: dir, dir, config: { 'retry.base_ms': 100 } },
    })
    const records = [0, 1, 2].map((seq) =>
      recordAt(recordSource('1', 'lines', { text: 'newlines' }), [0, seq]),
    )
    expect(messages.slice(1)).toEqual([
      ...records.map((data) => ({ t: 'send', id: data['id'], seq: data['seq'], data })),
      { t: 'stop', deadline_ms: 5_000 },
    ])
    expect(spoken.told.join('')).toMatch(/^[ -~]*$/)
  })

  it('ends with done, the end of the input and the exit, and its claims stand in their order', async () => {
    const spoken = await run('')
    expect(ackedIds(spoken)).toEqual([0, 1, 2])
    expect(claims(spoken).slice(-2)).toEqual([done, exit])
    expect(alerts(spoken)).toEqual([])
    expect(spoken).toMatchObject({ ended: 'exit', code: 0, signal: null })
    expect(spoken.hello).toEqual({
      client: 'small',
      version: '1.2',
      can: ['ingest', 'flush'],
      knobs: ['a.b'],
    })
  })

  it('carries claims of every kind', async () => {
    const said = [
      { t: 'ack', ranges: [[token(0), token(1)]], more: 1 },
      { t: 'drop', id: token(2), why: 'HTTP 400' },
      { t: 'error', fatal: false, why: 'disconnect' },
      { t: 'msg', data: 'a\u2028b' },
      { t: 'msg', b64: 'AAEC/w==' },
      { t: 'gap', from: 'm-1', to: 'm-3' },
      { t: 'weather', is: 'fine' },
    ]
    const body = `on.send = () => {}
      on.stop = () => { for (const one of ${JSON.stringify(said)}) say(one); say({ t: 'done' }) }`
    expect(claims(await run(body))).toEqual([
      { what: 'ack', ids: [[0, 0, 1]] },
      { what: 'drop', ids: [[0, 2, 2]], raw: 'HTTP 400' },
      { what: 'error', raw: 'disconnect' },
      { what: 'message', raw: 'a\u2028b' },
      { what: 'message', raw: 'base64:AAEC/w==' },
      { what: 'gap', raw: '{"from":"m-1","to":"m-3"}' },
      done,
      exit,
    ])
  })

  it('follows the steps: flush, stop twice, and records after it', async () => {
    const spoken = await run('', {
      steps: [
        { do: 'offer', records: 1 },
        { do: 'flush' },
        { do: 'stop' },
        { do: 'offer', records: 2 },
        { do: 'stop' },
      ],
    })
    const told = spoken.told.map((line) => (JSON.parse(line) as { t: string }).t)
    expect(told).toEqual(['start', 'send', 'flush', 'stop', 'send', 'send', 'stop'])
    expect(entries(spoken, 'act').map(({ what }) => what)).toEqual(['flush', 'stop', 'stop'])
    expect(ackedIds(spoken)).toEqual([0, 1, 2])
  })

  it('of 20,000 records goes on while the client answers each of them', async () => {
    const spoken = await run('', { ids: [[0, 0, 19_999]] })
    expect(ackedIds(spoken)).toHaveLength(20_000)
    expect(entries(spoken, 'claim').length).toBeLessThan(5_000)
    expect(claims(spoken).slice(-2)).toEqual([done, exit])
  })

  it('names which of several clients speaks', async () => {
    const spoken = await run('', { client: 1, ids: [[1, 0, 0]] })
    expect(claims(spoken)).toEqual([
      { what: 'ack', ids: [[1, 0, 0]], client: 1 },
      { ...done, client: 1 },
      { ...exit, client: 1 },
    ])
  })
})

describe('what is wrong in form is named, and what stands around it counts', () => {
  const ackAll = `say({ t: 'ack', ids: [['${token(0)}', '${token(2)}']] })`
  const saying = (code: string): string => `on.send = () => {}
    on.stop = () => { ${code}; ${ackAll}; say({ t: 'done' }) }`

  it.each<[string, string, string]>([
    ['no JSON', `raw('{"t":"ack",\\n')`, String.raw`a line that is no JSON: "{\"t\":\"ack\","`],
    ['an ack of nothing', `say({ t: 'ack' })`, `"ack" with none at /, where the key id was expected`],
    ['a drop of a number', `say({ t: 'drop', id: 7 })`, `"drop" with 7 at /id, where string was expected`],
    ['no UTF-8', `raw(Buffer.from([0x7b, 0xff, 0x7d, 0x0a]))`, 'a line that is no UTF-8: '],
  ])('%s', async (_what, code, alert) => {
    const spoken = await run(saying(code))
    expect(alerts(spoken)).toHaveLength(1)
    expect(alerts(spoken)[0]).toContain(alert)
    expect(claims(spoken).slice(1)).toEqual([ackedAll, done, exit])
  })

  it('log lines are no messages, and kept', async () => {
    const log = `raw('plain\\n'); console.log([1]); say({ level: 'info', t: 3 }); raw('\\n')`
    const spoken = await run(saying(log))
    expect(claims(spoken)).toEqual([ackedAll, done, exit])
    expect(spoken.stdout.bytes.toString()).toContain('plain\n[ 1 ]\n{"level":"info","t":3}\n\n{"t":"ack"')
    expect(spoken.stdout.total).toBe(spoken.stdout.bytes.length)
  })

  it('a message may be written in pieces, within a character too, and without a line end at the end', async () => {
    const spoken = await run(`
      const text = Buffer.from(JSON.stringify({ t: 'drop', id: '${token(0)}', why: 'Łódź 𝄞' }) + '\\n')
      const cut = text.indexOf(0xf0) + 2
      on.start = () => raw(text.subarray(0, cut))
      on.send = ({ seq }) => { if (seq === 1) raw(text.subarray(cut)) }
      on.stop = () => { raw('{"t":"done"}'); process.exit() }
    `)
    expect(claims(spoken)).toEqual([{ what: 'drop', ids: [[0, 0, 0]], raw: 'Łódź 𝄞' }, done, exit])
  })

  it('a line of 100 MB is dropped with a note, and little of it is kept', async () => {
    const spoken = await run(saying(`raw('{"t":"msg","data":"' + 'x'.repeat(100e6) + '"}\\n')`))
    expect(alerts(spoken)).toEqual([
      expect.stringMatching(
        /^a line of 100000021 bytes, which was dropped: "\{\\"t\\":\\"msg\\",\\"data\\":\\"x+…$/,
      ),
    ])
    expect(claims(spoken).slice(1)).toEqual([ackedAll, done, exit])
    expect(spoken.stdout.bytes.length).toBe(limits.outputBytesMax)
    expect(spoken.stdout.total).toBeGreaterThan(100e6)
  })

  it('acks and drops of what was never offered are seen by the judge, a long range in part', async () => {
    const spoken = await run(
      saying(`say({ t: 'ack', ids: ['${token(9)}', 'e-1'] })
        say({ t: 'drop', ids: ['e-2'], why: 'no' })
        say({ t: 'ack', ranges: [['${token(2)}', '${token(0xffffffff)}']] })`),
    )
    const told = entries(spoken, 'claim').filter(({ what }) => what !== 'alert' && what !== 'exit')
    expect(told.map(({ what, raw }) => raw ?? what)).toContain('no record of this run: "e-1"')
    expect(told.map(({ what }) => what)).not.toContain('drop')
    expect(told.flatMap(({ ids = [] }) => ids)).toEqual([
      [0, 9, 9],
      [0, 2, 3],
      [0, 0, 2],
    ])
    expect(alerts(spoken).map((raw) => raw.split(':')[0])).toEqual([
      'ack of what is no record of this run',
      'ack of what was not offered',
      'drop of what is no record of this run',
      'ack of what was not offered',
    ])
  })

  it('so many of them that they would fill the ledger are counted', async () => {
    const spoken = await run(saying(`for (let i = 0; i < 5000; i += 1) raw('{no\\n')`))
    expect(alerts(spoken)).toHaveLength(limits.alertsMax + 1)
    expect(alerts(spoken).at(-1)).toBe(`and ${5_000 - limits.alertsMax} more of this kind`)
    expect(ackedIds(spoken)).toEqual([0, 1, 2])
  })

  it('acks before the start, and messages after done', async () => {
    const spoken = await run(`on.stop = () => { say({ t: 'done' }); say({ t: 'error', why: 'late' }) }`, {
      greeting: `say({ t: 'ack', id: '${token(0)}' }); say(hello)`,
    })
    expect(alerts(spoken).map((raw) => raw.split(':')[0])).toEqual([
      'ack before start',
      'ack of what was not offered',
      'error after done',
    ])
    expect(claims(spoken)).toContainEqual({ what: 'error', raw: 'late' })
    const [ack] = entries(spoken, 'claim').filter(({ what }) => what === 'ack')
    expect(ack?.n).toBeLessThan(entries(spoken, 'offer')[0]?.n ?? 0)
  })
})

describe('the hello', () => {
  const quick = scaledClock(realClock(), 0.02)

  it('that does not come in time is told, and the case goes on', async () => {
    const spoken = await run('', { greeting: '', clock: quick, budgetMs: 1_000_000 })
    expect(alerts(spoken)).toEqual([`no hello within ${limits.helloMs} ms`])
    expect(ackedIds(spoken)).toEqual([0, 1, 2])
    expect(spoken.hello).toBeUndefined()
  })

  it('of another version is told, and what follows is understood as far as it goes', async () => {
    const spoken = await run('', { greeting: `say({ ...hello, v: 2 })` })
    expect(alerts(spoken)).toEqual([
      expect.stringMatching(/^hello of another version, where v is to be 1: ".*2/),
    ])
    expect(ackedIds(spoken)).toEqual([0, 1, 2])
  })

  it('is asked for before the first case, and the process ends with it', async () => {
    const hello = await linesDriver(speaker(dir)).hello?.(env, realClock())
    expect(hello).toEqual({ client: 'small', version: '1.2', can: ['ingest', 'flush'], knobs: ['a.b'] })
  })

  it.each<[string, string, number]>([
    ['got: none, and exit 3\n    no such library', 'echo no such library >&2; exit 3', 1],
    ['got: none', `exec cat >'${dir}/nothing'`, 0.02],
    [String.raw`got: "{\"t\":\"hello\",\"v\":7}"`, `echo '{"t":"hello","v":7}'; exec cat`, 1],
  ])('is demanded then: %s', async (message, command, scale) => {
    const asked = linesDriver(command).hello?.(env, scaledClock(realClock(), scale))
    await expect(asked).rejects.toMatchObject({ code: 'client-start' })
    await expect(asked).rejects.toThrow(message.replace('got: ', 'got '))
  })
})

describe('the end', () => {
  it('without a done is told', async () => {
    const spoken = await run('on.stop = () => process.exit(0)')
    expect(alerts(spoken)).toEqual(['the client exited with 0 and did not say that it was done'])
    expect(claims(spoken).at(-1)).toEqual(exit)
  })

  it('by another code after done is kept', async () => {
    expect(claims(await run('process.exitCode = 3')).slice(-2)).toEqual([done, { what: 'exit', code: 3 }])
  })

  it('by a crash in the middle leaves what was said before it', async () => {
    const spoken = await run(`on.send = ({ seq, id }) => {
      if (seq === 1) process.kill(process.pid, 'SIGSEGV')
      else say({ t: 'ack', id })
    }`)
    expect(spoken).toMatchObject({ ended: 'signal', signal: 'SIGSEGV' })
    expect(claims(spoken)).toEqual([
      { what: 'ack', ids: [[0, 0, 0]] },
      { what: 'signal', raw: 'SIGSEGV', by: 'client' },
    ])
    expect(entries(spoken, 'offer').map(({ ids }) => ids)).toEqual([[[0, 0, 2]]])
  })

  it.each([
    ['is never said', 'on.stop = () => {}; process.stdin.on("end", () => setInterval(() => {}, 1000))'],
    ['is said, and no exit follows', 'setInterval(() => {}, 1000)'],
  ])('that %s makes the client stuck', async (_how, body) => {
    const spoken = await run(body, { budgetMs: 1_500 })
    expect(spoken).toMatchObject({ ended: 'stuck', signal: 'SIGTERM' })
    expect(entries(spoken, 'stall').map(({ who }) => who)).toEqual(['client'])
  })

  it('comes early when the caller wants it so', async () => {
    const over = new AbortController()
    const running = run('on.stop = () => {}', { signal: over.signal })
    await expect.poll(() => marked(`TAILRACE_SEED=${dir}`)).not.toEqual([])
    over.abort()
    expect(await running).toMatchObject({ ended: 'signal', signal: 'SIGTERM' })
  })

  it('of a command that does not start is entered as on the pipe', async () => {
    const gone = await speak(linesDriver('/no/such/command'), env)
    expect(gone).toMatchObject({ ended: 'not-started', code: 127 })
    const refused = await speak(linesDriver('exit 0'), { TOO_LONG: 'x'.repeat(4_000_000) })
    expect(refused).toMatchObject({ ended: 'not-started', code: null })
    expect(claims(refused)).toEqual([{ what: 'exit', raw: expect.stringContaining('E2BIG') as string }])
  })
})
