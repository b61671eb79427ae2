/**
 * The ledger against a second witness. Under any plan a proxy keeps the bytes that the server really wrote, and they are
 * read here without any of its code: the answers that the ledger says were written, in full, in part or not at all, and
 * the way in which each connection ended, are those that crossed the wire.
 *
 * A RST may overtake the bytes before it (RFC 9293 §3.10.7.4), so of a connection that ended so fewer bytes are allowed.
 */
import { connect } from 'node:http2'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Plan } from '../src/plan/plan.ts'
import { plans, planText } from '../src/door/fast-check.ts'
import { recordAt } from '../src/record.ts'
import { endsStream, FrameReader } from '../src/wire/h2-frames.ts'
import { RawClient, requestText } from './testing/raw-client.ts'
import { RecordingProxy } from './testing/recording-proxy.ts'
import type { Recorded } from './testing/recording-proxy.ts'
import { serving, source } from './testing/serving.ts'
import type { Serving } from './testing/serving.ts'

const runs = Number(process.env['AGREE_RUNS'] ?? 60)
const requests = 8
/** A client gives up after this: plans wait for longer, and until they are healed. */
const patienceMs = 60

interface Written {
  readonly status: number
  readonly isWhole: boolean
}

/** The answers in these bytes, interim ones left out; the last may be cut. */
function answersIn(bytes: Buffer): Written[] {
  const found: Written[] = []
  for (let rest = bytes.toString('latin1'); rest !== '';) {
    const [, status = ''] = /^HTTP\/1\.1 (\d{3}) /.exec(rest) ?? []
    const head = rest.indexOf('\r\n\r\n')
    if (head < 0) return found
    const fields = rest.slice(0, head)
    const body = rest.slice(head + 4)
    if (status.startsWith('1')) {
      rest = body
      continue
    }
    const end = endOf(fields, Number(status), body)
    found.push({ status: Number(status), isWhole: end !== undefined })
    if (end === undefined) return found
    rest = body.slice(end)
  }
  return found
}

/** Where the body ends, by its framing (RFC 9112 §6.3); undefined where it does not. */
function endOf(fields: string, status: number, body: string): number | undefined {
  if (status === 204 || status === 304) return 0
  const length = /^content-length: (\d+)\r?$/im.exec(fields)?.[1]
  if (length !== undefined) return body.length >= Number(length) ? Number(length) : undefined
  if (!/^transfer-encoding: chunked\r?$/im.test(fields)) return undefined
  let at = 0
  for (;;) {
    const line = body.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = parseInt(body.slice(at, line), 16)
    const next = line + 2 + size + 2
    if (body.length < next) return undefined
    if (size === 0) return next
    at = next
  }
}

/** What the ledger says of each request on a connection, in order: written in full or in part, with its status. */
function entered(server: Serving, conn: number): Written[] {
  const sent = new Map(server.entries('sent').map((entry) => [entry.req, entry.written]))
  const statuses = new Map(server.entries('respond').map((entry) => [entry.req, entry.status]))
  return server
    .entries('request')
    .filter((entry) => entry.conn === conn)
    .sort((a, b) => a.t - b.t)
    .flatMap(({ req }) => {
      const written = sent.get(req)
      const status = statuses.get(req)
      return written === 'none' || written === undefined || status === undefined
        ? []
        : [{ status, isWhole: written === 'full' }]
    })
}

const bodyOf = (i: number): string => `${JSON.stringify(recordAt(source, [0, i]))}\n`

async function askH1(port: number): Promise<void> {
  let client: RawClient | undefined
  for (let i = 0; i < requests; i += 1) {
    client ??= await RawClient.to(port)
    const before = client.text.length
    const body = bodyOf(i)
    client.send(requestText('POST /', [`Content-Length: ${body.length}`], body))
    const whole = (): boolean => {
      const answers = answersIn(Buffer.from(client?.text.slice(before) ?? '', 'latin1'))
      return answers.at(-1)?.isWhole === true
    }
    const isThere = await patiently(client, whole)
    if (isThere && client.isOpen) continue
    client.socket.destroy()
    client = undefined
  }
  client?.socket.destroy()
}

async function patiently(client: RawClient, is: () => boolean): Promise<boolean> {
  const end = AbortSignal.timeout(patienceMs)
  while (!is() && client.isOpen && !end.aborted) await client.something(end)
  return is()
}

describe('the ledger agrees with the wire', () => {
  it(
    'over HTTP/1.1, under any plan',
    async () => {
      await fc.assert(
        fc.asyncProperty(plans(), async (plan: Plan) => {
          await using server = await serving(plan.rules)
          await using proxy = await RecordingProxy.to(server.port)
          await askH1(proxy.port)
          server.heal()
          await server.quiet()
          await server.deserted()
          const taken = proxy.connections.filter(({ isRefused }) => !isRefused)
          expect(server.entries('open').length, planText(plan)).toBe(taken.length)
          taken.forEach((recorded, conn) => {
            const answers = answersIn(Buffer.concat(recorded.chunks))
            const said = entered(server, conn)
            const seen = recorded.how === 'rst' ? said.slice(0, answers.length) : said
            expect(answers.slice(0, seen.length), planText(plan)).toEqual(seen)
            if (recorded.how !== 'rst') expect(answers.length, planText(plan)).toBe(said.length)
            endsAlike(server, conn, recorded, plan)
          })
        }),
        { numRuns: runs, seed: 1 },
      )
    },
    runs * 3_000,
  )

  it(
    'over HTTP/2, under any plan: what is full has its END_STREAM',
    async () => {
      await fc.assert(
        fc.asyncProperty(plans(), async (plan: Plan) => {
          await using server = await serving(plan.rules, 'generic', { h2: true })
          await using proxy = await RecordingProxy.to(server.port)
          await askH2(proxy.port)
          server.heal()
          await server.quiet()
          await server.deserted()
          const taken = proxy.connections.filter(({ isRefused }) => !isRefused)
          expect(server.entries('open').length, planText(plan)).toBe(taken.length)
          taken.forEach((recorded, conn) => {
            const [seen, said] = [wholeStreams(recorded), fullStreams(server, conn)]
            const lost = recorded.how === 'rst' ? said.filter((stream) => !seen.includes(stream)) : []
            expect(sorted([...seen, ...lost]), planText(plan)).toEqual(sorted(said))
            endsAlike(server, conn, recorded, plan)
          })
        }),
        { numRuns: runs, seed: 1 },
      )
    },
    runs * 3_000,
  )
})

function endsAlike(server: Serving, conn: number, { how }: Recorded, plan: Plan): void {
  const close = server.entries('close').find((entry) => entry.conn === conn)
  if (close?.by !== 'server' || how === undefined) return // the client was the first, or as fast
  // A RST that follows bytes at once is read as a FIN (measured, always, without 20 ms between them).
  const read = close.how === 'rst' && how === 'fin' ? 'rst' : how
  expect(read, planText(plan)).toBe(close.how)
}

/** Streams that were answered to their end, by what the proxy saw and by what the ledger says. */
function wholeStreams({ chunks }: Recorded): number[] {
  const frames = new FrameReader().push(Buffer.concat(chunks))
  return frames.filter((frame) => endsStream(frame)).map(({ stream }) => stream)
}

function fullStreams(server: Serving, conn: number): number[] {
  const full = new Set(server.entries('sent').flatMap(({ req, written }) => (written === 'full' ? req : [])))
  return server
    .entries('request')
    .filter((entry) => entry.conn === conn && full.has(entry.req))
    .flatMap(({ stream }) => stream ?? [])
}

async function askH2(port: number): Promise<void> {
  const client = connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  const asked = Array.from({ length: requests }, (_, i) => {
    const stream = client.request({ ':method': 'POST', ':path': '/' })
    const over = new Promise<void>((resolve) => stream.once('close', () => resolve()))
    stream.on('error', () => {})
    stream.resume()
    stream.end(bodyOf(i))
    return over
  })
  const end = new Promise<void>((resolve) => {
    AbortSignal.timeout(patienceMs * requests).addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.race([Promise.all(asked), end])
  client.destroy()
}

const sorted = (streams: readonly number[]): number[] => [...streams].sort((a, b) => a - b)
