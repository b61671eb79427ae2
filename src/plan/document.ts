/** Text that people write, YAML or JSON, as a plain value; every mistake in its form at once, with its line. */
import { LineCounter, parseDocument } from 'yaml'
import { messageOf, TailraceError } from '../errors.ts'
import type { ErrorCode, Problem } from '../errors.ts'
import { limits } from '../limits.ts'

/** `name` and `code` are for the error: what the text is called, and what it was to be. */
export function readDocument(text: string, name: string, code: ErrorCode): unknown {
  const bytes = Buffer.byteLength(text)
  if (bytes > limits.documentBytesMax) {
    const expected = `at most ${limits.documentBytesMax} bytes`
    throw new TailraceError(code, `${name} is too large`, [{ at: name, expected, got: `${bytes} bytes` }])
  }
  const { value, problems } = parse(text, name)
  if (problems.length > 0) throw new TailraceError(code, `${name} is neither YAML nor JSON`, problems)
  return value
}

function parse(text: string, name: string): { value?: unknown; problems: Problem[] } {
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
    const problems = [...document.errors, ...document.warnings].map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0])
      return { at: `${name}:${line}:${col}`, expected: 'YAML or JSON', got: message }
    })
    return problems.length > 0 ? { problems } : { value: document.toJS() as unknown, problems }
  } catch (error) {
    // Aliases that multiply without end, or nesting without end, show only here.
    return { problems: [{ at: name, expected: 'a small plain document', got: messageOf(error) }] }
  }
}
