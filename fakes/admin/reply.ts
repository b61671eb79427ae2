/** Answers of the admin API on the wire: JSON at once, NDJSON line by line as fast as it is read. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Problem } from '../../src/errors.ts'
import type { Headers, Lines, Refusal, Reply } from './call.ts'

/** Lines of NDJSON are handed over in pieces of this many characters. */
const pieceChars = 65_536

export async function reply(response: ServerResponse, answer: Reply, stopping: AbortSignal): Promise<void> {
  if ('lines' in answer) await replyLines(response, answer.lines, answer.headers ?? {}, stopping)
  else replyJson(response, answer.status ?? 200, answer.json, answer.headers)
}

/** The whole answer but its end: who still sends has read it when the rest of its body has been dropped. */
export function beginRefusal(response: ServerResponse, refusal: Refusal): void {
  const { status, message, problems, headers } = refusal
  const body = jsonOf({ error: message, problems } satisfies { error: string; problems: readonly Problem[] })
  response.writeHead(status, { ...headers, ...jsonHeaders(body) })
  response.write(body)
}

function replyJson(response: ServerResponse, status: number, json: unknown, headers: Headers = {}): void {
  const body = jsonOf(json)
  response.writeHead(status, { ...headers, ...jsonHeaders(body) })
  response.end(body)
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function jsonHeaders(body: string): Headers {
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
  }
}

async function replyLines(
  response: ServerResponse,
  lines: Lines,
  headers: Headers,
  stopping: AbortSignal,
): Promise<void> {
  const type = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }
  response.writeHead(200, { ...headers, ...type })
  response.flushHeaders()
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  if (response.req.method !== 'HEAD') await giveAll(response, lines, gone.signal, stopping)
  if (gone.signal.aborted) return lines.broken?.()
  const finished = once(response, 'finish', { signal: gone.signal })
  response.end()
  await finished.catch(() => lines.broken?.())
}

/** Gives what there is and, where more may come, that too, until the reader is gone or the server stops. */
async function giveAll(
  response: ServerResponse,
  { read, follow }: Lines,
  gone: AbortSignal,
  stopping: AbortSignal,
): Promise<void> {
  if (!follow) return give(response, read(), gone)
  const over = AbortSignal.any([gone, stopping])
  let more = true
  let wake = (): void => {}
  const leave = follow(() => {
    more = true
    wake()
  })
  over.addEventListener('abort', () => wake(), { once: true })
  try {
    for (let isLast = false; !isLast;) {
      isLast = over.aborted
      more = false
      await give(response, read(), gone)
      if (!more && !over.aborted) await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    leave()
  }
}

async function give(response: ServerResponse, lines: Iterable<string>, gone: AbortSignal): Promise<void> {
  let piece = ''
  for (const line of lines) {
    piece += `${line}\n`
    if (piece.length < pieceChars) continue
    await hand(response, piece, gone)
    piece = ''
    if (gone.aborted) return
  }
  if (piece !== '') await hand(response, piece, gone)
}

/** Resolves when there is room for more, or nobody who reads it. */
async function hand(response: ServerResponse, piece: string, gone: AbortSignal): Promise<void> {
  if (gone.aborted || response.write(piece)) return
  await once(response, 'drain', { signal: gone }).catch(() => {})
}
