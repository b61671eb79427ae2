/** The clients of HTTP/1.1 that come with node: `node:http`, `node:https` and the global `fetch`. */
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { bodyOf, boundMs, contentType } from './asking.ts'
import type { Asked, Client } from './asking.ts'
import { outcome } from './outcome.ts'
import type { Progress } from './outcome.ts'

type Body = Asked['bodies'][number]

interface Agents {
  readonly plain: Agent
  readonly secure: SecureAgent
}

async function byHttp(
  { plain, secure }: Agents,
  asked: Asked,
  body: Body,
  progress: Progress,
): Promise<void> {
  const text = bodyOf(body)
  const headers = {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    ...(asked.expects ? { expect: '100-continue' } : {}),
  }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = asked.url.startsWith('https:')
      ? secureRequest(asked.url, { method: 'POST', headers, agent: secure })
      : request(asked.url, { method: 'POST', headers, agent: plain })
    sent.on('response', resolve).on('error', reject)
    if (asked.expects) sent.flushHeaders()
    if (asked.expects) sent.once('continue', () => void sent.end(text))
    else sent.end(text)
  })
  progress.status = answer.statusCode ?? 0
  if (answer.headers['content-encoding']) progress.coded = true
  for await (const chunk of answer) progress.bytes += (chunk as Uint8Array).length
}

/** It has no timers. */
export function httpClient(): Client {
  const made = (): Agents => ({
    plain: new Agent({ keepAlive: true }),
    secure: new SecureAgent({ keepAlive: true }),
  })
  let agents = made()
  return {
    cannot: ['pings'],
    post: (asked) =>
      Promise.all(
        asked.bodies.map((body) =>
          outcome(boundMs, async (progress) => {
            await byHttp(agents, asked, body, progress)
            return undefined
          }),
        ),
      ),
    leave: () => {
      agents.plain.destroy()
      agents.secure.destroy()
      agents = made()
      return Promise.resolve()
    },
  }
}

/** Its timers are those of the undici within node, 300 s, and cannot be set. */
export function fetchClient(): Client {
  return {
    keeps: true,
    cannot: ['expects', 'pings'],
    post: ({ url, bodies }) =>
      Promise.all(
        bodies.map((body) =>
          outcome(boundMs, async (progress, signal) => {
            const headers = { 'content-type': contentType }
            const answer = await fetch(url, { method: 'POST', headers, body: bodyOf(body), signal })
            progress.status = answer.status
            for await (const chunk of answer.body ?? []) progress.bytes += (chunk as Uint8Array).length
            return undefined
          }),
        ),
      ),
    // Each server has a port of its own, so none is met again; the server ends what is kept.
    leave: () => Promise.resolve(),
  }
}
