import { unknownKeys } from './known-keys.ts'

const definitionKeys = [
  ...['address', 'parts', 'parseOptions', 'mergeOptions', 'complete', 'groupAtMost', 'retry'],
  'concurrency',
]
const addressKeys = ['recipientKey', 'fromRecipient', 'parse', 'key', 'secretKeys']
const needs: readonly unknown[] = ['required', 'alternative', 'optional']
const formats: readonly unknown[] = [undefined, 'text', 'html']

type Loose = Readonly<Record<string, unknown>>

const asObject = (value: unknown): Loose | undefined =>
  value !== null && typeof value === 'object' ? (value as Loose) : undefined

/** What is wrong with a definition: without types a misspelt key would be silently without effect. */
export function definitionProblems(definition: object): string[] {
  const { address, parts, groupAtMost, ...rest } = definition as Loose
  const problems = unknownKeys(definition, definitionKeys)
  for (const name of ['parseOptions', 'mergeOptions', 'complete']) {
    if (rest[name] !== undefined && typeof rest[name] !== 'function') {
      problems.push(`\`${name}\` must be a function`)
    }
  }
  if (groupAtMost !== undefined && !(Number.isInteger(groupAtMost) && Number(groupAtMost) >= 2)) {
    problems.push('`groupAtMost` must be a whole number of 2 or more')
  }
  return [...problems, ...addressProblems(asObject(address)), ...partProblems(asObject(parts))]
}

function addressProblems(address: Loose | undefined): string[] {
  if (address === undefined) return ['`address` must be an object with `parse` and `key`']
  const problems = unknownKeys(address, addressKeys).map((line) => `\`address\`: ${line}`)
  for (const name of ['parse', 'key']) {
    if (typeof address[name] !== 'function') problems.push(`\`address.${name}\` must be a function`)
  }
  return problems
}

function partProblems(parts: Loose | undefined): string[] {
  if (parts === undefined) return ['`parts` must be an object by part']
  return Object.entries(parts).flatMap(([name, spec]) => {
    const at = `\`parts.${name}\``
    const { need, format } = asObject(spec) ?? { need: spec }
    const problems = unknownKeys(spec, ['need', 'format']).map((line) => `${at}: ${line}`)
    if (!needs.includes(need)) problems.push(`${at} must be required, alternative or optional`)
    if (!formats.includes(format)) problems.push(`${at}: \`format\` must be text or html`)
    return problems
  })
}
