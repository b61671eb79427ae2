/**
 * `generic`: any POST path and body, so that any third-party client can be aimed at it. Content codings are
 * undone, no token is demanded, and the profile's `reply` is given; where a part of the batch was struck, its counts.
 */
import { STATUS_CODES } from 'node:http'
import { countIds } from '../../src/record.ts'
import type { Profile } from '../../src/profile.ts'
import { give, jsonAnswer } from '../answer.ts'
import type { Answer } from '../answer.ts'
import { intake } from '../intake.ts'
import { counters } from '../partial.ts'
import type { FakeProtocol } from './protocol.ts'

function errorAnswer(status: number, message: string = STATUS_CODES[status] ?? `status ${status}`): Answer {
  return jsonAnswer(status, { error: message })
}

export const generic: FakeProtocol = {
  name: 'generic',
  paths: { ingest: '/' },
  errorAnswer,
  async serve(exchange, services) {
    const writes = exchange.head.method === 'POST' || exchange.head.method === 'PUT'
    const got = await intake(exchange, services, { lane: writes ? 'ingest' : 'control' })
    if (!got) return
    if (!writes) {
      // RFC 9110 §15.5.6: a 405 names what is allowed.
      const refused = errorAnswer(405, `${exchange.head.method} is not served, POST is`)
      await give(exchange, { ...refused, headers: [...refused.headers, ['allow', 'POST, PUT']] })
      return
    }
    if (got.refusal) {
      await give(exchange, errorAnswer(got.refusal.status, got.refusal.message))
      return
    }
    const { ids } = got
    const { partial } = got.take(ids) // visible at once or later: 202 promises the take alone
    if (partial) {
      await give(exchange, jsonAnswer(200, counters(countIds(ids), 0, partial, services.source.nonce)))
      return
    }
    await give(exchange, replyOf(services.profile))
  },
}

const replies = new WeakMap<Profile, Answer>()

/** The same for every request, so it is made once. */
function replyOf(profile: Profile): Answer {
  const known = replies.get(profile)
  if (known) return known
  const { status, headers, body } = profile.reply
  const bytes = status === 204 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body))
  const made = { status, headers: Object.entries(headers), body: bytes }
  replies.set(profile, made)
  return made
}
