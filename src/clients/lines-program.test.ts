/** Programs of the lines rung on messages as the harness writes them: what they say, and when. */
import { execFileSync } from 'node:child_process'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { cheatHello, linesCheats } from './cheats-lines.ts'
import type { LinesCheatName } from './cheats-lines.ts'
import { linesClientCommand, linesClientNames } from './command.ts'
import { speakLines } from './lines-program.ts'
import type { LinesClient, LinesStart, Say } from './lines-program.ts'

const start = { t: 'start', v: 1, url: 'http://127.0.0.1:9/', token: 'tk_1', config: { concurrency: 1 } }
const send = (id: string): object => ({ t: 'send', id, seq: 0, data: { id, city: 'Łódź' } })
const [flush, stop] = [{ t: 'flush' }, { t: 'stop', deadline_ms: 5_000 }]
const hello = { client: 'test', version: '1', can: ['ingest'], knobs: [] }

async function said(
  messages: readonly object[],
  begin: (start: LinesStart, say: Say) => LinesClient,
): Promise<unknown[]> {
  const printed: string[] = []
  const input = Readable.from(messages.map((message) => `${JSON.stringify(message)}\n`))
  await speakLines(hello, begin, input, (line) => printed.push(line))
  return printed.map((line) => JSON.parse(line) as unknown)
}

/** Writes down what is done to it. */
function noting(notes: string[]): (start: LinesStart, say: Say) => LinesClient {
  return ({ url }, say) => {
    notes.push(`start ${url}`)
    return {
      send: ({ id, line }) => {
        notes.push(line)
        say.ack([id])
        return Promise.resolve()
      },
      flush: () => Promise.resolve(notes.push('flush')),
      stop: () => Promise.resolve(notes.push('stop')),
    }
  }
}

describe('a program', () => {
  it('says hello, hands each message on, and says done after a stop, once', async () => {
    const notes: string[] = []
    const all = await said([start, send('a'), flush, { t: 'pause', ms: 1 }, stop, stop], noting(notes))
    expect(notes).toEqual(['start http://127.0.0.1:9/', '{"id":"a","city":"Łódź"}', 'flush', 'stop'])
    expect(all).toEqual([{ t: 'hello', v: 1, ...hello }, { t: 'ack', ids: ['a'] }, { t: 'done' }])
  })

  it('serves one case after the other', async () => {
    const input = new PassThrough({ encoding: 'utf8' })
    const printed: string[] = []
    let wake: () => void = () => {}
    const notes: string[] = []
    const serving = speakLines(hello, noting(notes), input, (line) => {
      printed.push(line)
      if (line.includes('done')) wake()
    })
    for (const url of ['http://a/', 'http://b/']) {
      const over = new Promise<void>((resolve) => (wake = resolve))
      for (const message of [{ ...start, url }, send(url), stop]) input.write(`${JSON.stringify(message)}\n`)
      await over
    }
    input.end()
    await serving
    expect(printed.filter((line) => line.includes('done'))).toHaveLength(2)
    expect(notes.filter((note) => note.startsWith('start'))).toEqual(['start http://a/', 'start http://b/'])
  })

  it('takes the end of the input for a stop, and says nothing of a case that never began', async () => {
    expect((await said([start], noting([]))).at(-1)).toEqual({ t: 'done' })
    expect(await said([], noting([]))).toEqual([{ t: 'hello', v: 1, ...hello }])
  })
})

describe('the cheat', () => {
  it.each<[LinesCheatName, object[]]>([
    ['null', []],
    [
      'acks-everything',
      [
        { t: 'ack', ids: ['a'] },
        { t: 'ack', ids: ['b'] },
      ],
    ],
    ['always-drops', ['a', 'b'].map((id) => ({ t: 'drop', ids: [id], why: 'no reason' }))],
    ['sends-twice', [{ t: 'ack', ids: ['a', 'b'] }]], // nobody listens at its URL
  ])('%s claims what its line says', async (name, claims) => {
    const all = await said([start, send('a'), send('b'), stop], linesCheats[name].begin)
    expect(all.slice(1)).toEqual([...claims, { t: 'done' }])
    expect(cheatHello(name).client).toContain(name)
  })
})

describe('the command of a shipped client of the lines rung', () => {
  it.each(linesClientNames)('%s reaches the program through a shell with every word whole', (name) => {
    const words = `for word in ${linesClientCommand(name)}; do printf '%s\\n' "$word"; done`
    const [node, program, ...rest] = execFileSync('sh', ['-c', words], { encoding: 'utf8' })
      .trim()
      .split('\n')
    expect(node).toBe(process.execPath)
    expect(program).toMatch(/\/src\/clients\/(reference|cheats)-lines-main\.ts$/)
    expect(rest).toEqual(name === 'reference' ? [] : [name])
  })
})
