/** `node:http2`, by a program that listens to what the manual tells it to: response, data, end and error. */
import { connect } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { bodyOf, boundMs, contentType } from './asking.ts'
import type { Asked, Client } from './asking.ts'
import { outcome } from './outcome.ts'
import type { Progress } from './outcome.ts'

interface Told {
  readonly code?: string
  readonly message?: string
}

function byHttp2(
  session: ClientHttp2Session,
  asked: Asked,
  body: Asked['bodies'][number],
  progress: Progress,
): Promise<Told | undefined> {
  return new Promise((resolve, reject) => {
    const expects = asked.expects ? { expect: '100-continue' } : {}
    const fields = { ':method': 'POST', ':path': '/', 'content-type': contentType, ...expects }
    const stream = session.request(fields)
    stream.on('error', reject)
    stream.on('response', (headers) => {
      progress.status = headers[':status'] ?? 0
      if (headers['content-encoding']) progress.coded = true
    })
    stream.on('data', (chunk: Buffer) => (progress.bytes += chunk.length))
    const told = (): Told | undefined => {
      const code = `rstCode ${stream.rstCode}`
      return stream.rstCode ? { code, message: `ended without an error, ${code}` } : undefined
    }
    stream.on('end', () => {
      if (progress.status === undefined) return
      stream.once('close', () => resolve(told()))
    })
    stream.on('close', () => {
      if (progress.status !== undefined) return resolve(told())
      reject(
        Object.assign(new Error('closed without response or error'), { code: `rstCode ${stream.rstCode}` }),
      )
    })
    if (asked.pings) stream.once('ready', () => session.ping(() => {})) // before that it is not sent
    if (asked.expects) stream.once('continue', () => void stream.end(bodyOf(body)))
    else stream.end(bodyOf(body))
  })
}

/** One session, and another when that is closed. */
export function http2Client(): Client {
  let session: ClientHttp2Session | undefined
  const sessionFor = ({ url }: Asked): ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session
    session = connect(new URL(url).origin)
    session.on('error', () => {}) // its streams tell
    return session
  }
  return {
    cannot: [],
    post: (asked) =>
      Promise.all(
        asked.bodies.map((body) =>
          outcome(boundMs, (progress) => byHttp2(sessionFor(asked), asked, body, progress)),
        ),
      ),
    leave: () => {
      session?.destroy()
      session = undefined
      return Promise.resolve()
    },
  }
}
