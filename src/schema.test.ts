import { describe, expect, it } from 'vitest'
import { problemsOf } from './schema.ts'

const kinds = {
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    { properties: { kind: { const: 'a' }, size: { type: 'integer' } }, required: ['kind', 'size'] },
    { properties: { kind: { const: 'b' } }, required: ['kind'] },
  ],
}
const closed = {
  type: 'object',
  properties: {
    version: { const: 1 },
    colour: { enum: ['red', 'blue'] },
    list: { type: 'array', items: { type: 'object', properties: { n: { minimum: 3 } } } },
  },
  required: ['version'],
  additionalProperties: false,
}

describe('the problems of a value', () => {
  it('are none when it fits', () => {
    expect(problemsOf(closed, { version: 1, colour: 'red', list: [{ n: 3 }] })).toEqual([])
    expect(problemsOf(kinds, { kind: 'a', size: 1 })).toEqual([])
  })

  it('come all at once, each with its pointer, what was expected and what came', () => {
    const value = { colour: 'green', list: [{ n: 3 }, { n: 2 }], size: 1 }
    expect(problemsOf(closed, value)).toEqual([
      { at: '/', expected: 'the key version', got: 'none' },
      { at: '/size', expected: 'one of version, colour, list', got: 'an unknown key' },
      { at: '/colour', expected: 'one of red, blue', got: '"green"' },
      { at: '/list/1/n', expected: '>= 3', got: '2' },
    ])
  })

  it('name the value that is wanted where there is one alone', () => {
    expect(problemsOf(closed, { version: 2 })).toEqual([{ at: '/version', expected: '1', got: '2' }])
  })

  it('name the type that is wanted', () => {
    expect(problemsOf(closed, 'text')).toEqual([{ at: '/', expected: 'object', got: '"text"' }])
  })

  it('are those of the branch that the tag names, not of all branches', () => {
    expect(problemsOf(kinds, { kind: 'a', size: 'big' })).toEqual([
      { at: '/size', expected: 'integer', got: '"big"' },
    ])
  })

  it('name the known tags when the tag is none of them, or is no text', () => {
    const problem = { at: '/kind', expected: 'one of a, b' }
    expect(problemsOf(kinds, { kind: 'c' })).toEqual([{ ...problem, got: '"c"' }])
    expect(problemsOf(kinds, { kind: 7 })).toEqual([{ ...problem, got: '7' }])
  })
})
