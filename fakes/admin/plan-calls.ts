/** Calls about the plan: the whole of it, and single rules. An edit holds when its answer comes. */
import { createHash } from 'node:crypto'
import { TailraceError } from '../../src/errors.ts'
import type { Problem } from '../../src/errors.ts'
import type { Schema } from '../../src/parameters.ts'
import { checkPlan, ruleProblems } from '../../src/plan/parse.ts'
import { problemsOf } from '../../src/schema.ts'
import type { Steering } from '../steering.ts'
import { Refusal } from './call.ts'
import type { Asked, Call, Headers, Reply } from './call.ts'
import { holdOf, ttlQuery } from './hold.ts'

const getPlan: Call = {
  method: 'GET',
  path: '/plan',
  says: 'the plan as it stands, with an ETag for If-Match',
  act: (_, { steering }) => ({ json: steering.plan, headers: tagged(steering) }),
}

const putPlan: Call = {
  method: 'PUT',
  path: '/plan',
  says: 'puts a whole plan, YAML or JSON, in the place of this one',
  query: ttlQuery,
  body: 'plan',
  problems: planProblems,
  act: (asked, { steering }) => edit(asked, steering, () => steering.replace(asked.body, holdOf(asked))),
}

const postRule: Call = {
  method: 'POST',
  path: '/rules',
  says: 'adds a rule, YAML or JSON, behind the others',
  query: ttlQuery,
  body: 'plan',
  problems: ruleItself,
  act: (asked, { steering }) => ({
    ...edit(asked, steering, () => steering.add(asked.body, holdOf(asked))),
    status: 201,
  }),
}

const enabledSchema: Schema = {
  type: 'object',
  properties: { enabled: { type: 'boolean' } },
  required: ['enabled'],
  additionalProperties: false,
}

const patchRule: Call = {
  method: 'PATCH',
  path: '/rules/{id}',
  says: '{enabled}: a disabled rule neither strikes nor counts',
  query: ttlQuery,
  body: 'json',
  problems: (body) => problemsOf(enabledSchema, body),
  act: (asked, { steering }) => {
    const { enabled } = asked.body as { enabled: boolean }
    return edit(asked, steering, () => {
      const id = known(asked, steering)
      return enabled ? steering.enable(id, holdOf(asked)) : steering.disable(id, holdOf(asked))
    })
  },
}

const deleteRule: Call = {
  method: 'DELETE',
  path: '/rules/{id}',
  says: 'deletes a rule',
  query: ttlQuery,
  act: (asked, { steering }) =>
    edit(asked, steering, () => steering.delete(known(asked, steering), holdOf(asked))),
}

export const planCalls: readonly Call[] = [getPlan, putPlan, postRule, patchRule, deleteRule]

function edit(asked: Asked, steering: Steering, act: () => number): Reply {
  checkMatch(asked, steering)
  return { json: { generation: act() }, headers: tagged(steering) }
}

/** If-Match compares strongly (RFC 9110 §13.1.1). Nothing comes between it and the edit. */
function checkMatch({ headers }: Asked, steering: Steering): void {
  const given = headers['if-match']
  const now = tagOf(steering)
  if (given === undefined || given.trim() === '*' || given.split(',').some((tag) => tag.trim() === now))
    return
  const problem = { at: 'If-Match', expected: now, got: given }
  throw new Refusal(412, 'the plan has been edited since', [problem], tagged(steering))
}

function tagged(steering: Steering): Headers {
  return { etag: tagOf(steering) }
}

/** By what the plan is, and not by its generation: faults of the moment begin generations too, and plans can return. */
function tagOf({ plan, disabled }: Steering): string {
  const text = JSON.stringify([plan, [...disabled].sort()])
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`
}

function known({ name }: Asked, { plan }: Steering): string {
  const ids = plan.rules.map(({ id }) => id)
  if (ids.includes(name)) return name
  const expected = ids.length > 0 ? `one of ${ids.join(', ')}` : 'a rule of the plan, which has none'
  throw new Refusal(404, 'there is no such rule', [{ at: '/rules/{id}', expected, got: name }])
}

function planProblems(body: unknown): readonly Problem[] {
  try {
    checkPlan(body, 'the body')
    return []
  } catch (error) {
    if (error instanceof TailraceError) return error.problems
    throw error
  }
}

function ruleItself(body: unknown): Problem[] {
  return ruleProblems([body], '').map((each) => ({ ...each, at: each.at.slice('/0'.length) || '/' }))
}
