/** The report as JSON: members in the order of its schema, so that two reports compare line by line. */
import type { Schema } from '../src/parameters.ts'
import { reportSchema } from '../src/report.ts'
import type { Reporter } from '../src/report.ts'

export function jsonReporter(): Reporter {
  return {
    name: 'json',
    file: 'report.json',
    render: (report) => `${JSON.stringify(ordered(report, reportSchema), null, 2)}\n`,
  }
}

/** `value` with the members that `schema` names first, in its order; the others follow in their own. */
function ordered(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const items = (schema['items'] ?? {}) as Schema
    return value.map((item) => ordered(item, items))
  }
  if (typeof value !== 'object' || value === null) return value
  const members = value as Record<string, unknown>
  const known = (schema['properties'] ?? {}) as Record<string, Schema>
  const names = new Set([...Object.keys(known).filter((name) => name in members), ...Object.keys(members)])
  return Object.fromEntries([...names].map((name) => [name, ordered(members[name], known[name] ?? {})]))
}
