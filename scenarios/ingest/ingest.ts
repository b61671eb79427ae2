/** What every ingest case has in common, and the faults that many of them share. */
import type { Case, Rule } from '../../src/door/index.ts'

type Shared = Pick<Case, 'mode' | 'suite' | 'tier' | 'protocols' | 'needs'>

export const ingest: Shared = {
  mode: 'ingest',
  suite: 1,
  tier: 'quick',
  protocols: ['generic', 'events-api'],
  needs: {},
}

/** Over HTTP/2, for those who can speak it. */
export const overHttp2: Shared & Pick<Case, 'http2'> = { ...ingest, http2: true, needs: { can: ['h2'] } }

/** A rule that strikes requests by their content, where the answer is due. */
export function atAnswer(rule: Omit<Rule, 'on' | 'key'>): Rule {
  return { ...rule, key: 'content', on: 'response-head' }
}

type HttpError = Extract<NonNullable<Rule['fault']>, { type: 'http_error' }>

/** Answers so on these attempts, on every one when none are named; nothing is taken. */
export function answers(status: number, attempts?: number[], more: Partial<HttpError> = {}): Rule {
  return atAnswer({
    id: `answer-${status}`,
    ...(attempts ? { when: { attempt: attempts } } : {}),
    taken: false,
    fault: { type: 'http_error', status, ...more },
  })
}

/**
 * Answers so to the request whose lowest record is the first of this client, on this attempt. Later attempts need not
 * come for the case to be judged.
 */
export function answersFirst(
  status: number,
  attempt: number,
  more: Partial<HttpError> = {},
  client = 0,
): Rule {
  return {
    id: `first-${client}-${attempt}`,
    at: `ingest:${client}.0#${attempt}@response-head`,
    taken: status < 300,
    fault: { type: 'http_error', status, ...more },
    ...(attempt > 1 ? { expect: { fired: { min: 0 } } } : {}),
  }
}

/** A fault that need not strike: there are clients that it cannot meet, and the rule says so of them. */
export function ifMet(rule: Rule): Rule {
  return { ...rule, expect: { fired: { min: 0 } } }
}
