/** One call of the API: what was asked, with which token, and what its body brought. */
import type { Answer } from '../../answer.ts'
import type { GatedExchange } from '../../gated-exchange.ts'
import type { Intake } from '../../intake.ts'
import type { Services } from '../protocol.ts'
import { errorAnswer } from './answers.ts'
import { presentedToken } from './tokens.ts'
import type { Token } from './tokens.ts'
import type { Workspace } from './workspace.ts'

export interface Call {
  readonly exchange: GatedExchange
  readonly target: URL
  readonly services: Services
  readonly workspace: Workspace
  readonly got: Intake
}

/** The target of a request, in origin or absolute form (RFC 9112 §3.2); `/` where it is neither. */
export function targetOf(path: string): URL {
  const text = path.startsWith('/') ? `http://localhost${path}` : path
  return new URL(URL.canParse(text) ? text : 'http://localhost/')
}

/** In this order [ours]: none 401, unknown 403, of a workspace in another region 404. */
export function authenticate({ exchange, target, workspace }: Call): Token | Answer {
  const presented = presentedToken(exchange.head, target)
  if (presented === undefined) {
    return errorAnswer(401, 'no token: send it as Authorization: Bearer, or as ?token=')
  }
  const token = workspace.tokens.find((one) => one.token === presented)
  if (!token) return errorAnswer(403, 'invalid token')
  return token.elsewhere ? errorAnswer(404, 'the workspace of this token is not in this region') : token
}

export function isAnswer(value: object): value is Answer {
  return 'status' in value && 'body' in value
}
