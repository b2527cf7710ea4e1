import type { StandardSchemaV1 } from '@standard-schema/spec'
import { EnvoyerError } from '../errors.ts'
import type { EventDefinition } from './define.ts'
import { findNotJson, type JsonObject } from './json.ts'
import { reservedKeys } from './storable.ts'

/** A schema's words may repeat the value that they are about. */
const untold = 'not valid; what is wrong is not told, since the event is sensitive'

function issueLine({ sensitive }: EventDefinition, issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? [])
    .map((segment) => String(typeof segment === 'object' ? segment.key : segment))
    .join('.')
  const message = sensitive === undefined ? issue.message : untold
  return path === '' ? message : `\`${path}\`: ${message}`
}

/** Runs the schema over a context and gives its output; throws `context-invalid`. */
export async function parseContext(
  name: string,
  event: EventDefinition,
  input: unknown,
): Promise<Record<string, unknown>> {
  const pending = event.context['~standard'].validate(input)
  const result = pending instanceof Promise ? await pending : pending
  if (result.issues) {
    throw new EnvoyerError(
      'context-invalid',
      result.issues.map((issue) => `event "${name}", ${issueLine(event, issue)}`),
    )
  }
  return result.value as Record<string, unknown>
}

/** Checks in `send` what the worker will rely on; throws `context-invalid` or `context-not-json`. */
export async function checkContext(
  name: string,
  event: EventDefinition,
  input: unknown,
): Promise<JsonObject> {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    throw new EnvoyerError('context-invalid', `event "${name}": the context is not an object`)
  }
  const lost = findNotJson(input)
  if (lost !== undefined) throw new EnvoyerError('context-not-json', `event "${name}": ${lost}`)
  const reserved = reservedKeys.filter((key) => key in input)
  if (reserved.length > 0) {
    throw new EnvoyerError(
      'context-invalid',
      reserved.map((key) => `event "${name}": the key \`${key}\` is reserved for templates`),
    )
  }
  await parseContext(name, event, input)
  return input as JsonObject
}

interface JsonSchemaSource {
  readonly jsonSchema?: {
    input?(options: JsonSchemaOptions): Record<string, unknown>
    output?(options: JsonSchemaOptions): Record<string, unknown>
  }
}

interface JsonSchemaOptions {
  readonly target: string
  readonly libraryOptions?: Readonly<Record<string, unknown>>
}

/**
 * The JSON schema of what `send` takes (`input`) or of what templates see (`output`), where the
 * schema's library gives one (zod and arktype do, by https://standardschema.dev/json-schema).
 */
export function contextJsonSchema(
  event: EventDefinition,
  side: 'input' | 'output',
): Record<string, unknown> | undefined {
  try {
    return (event.context['~standard'] as JsonSchemaSource).jsonSchema?.[side]?.({
      target: 'draft-2020-12',
      // zod: what a transform gives cannot be said, and counts as anything.
      libraryOptions: { unrepresentable: 'any' },
    })
  } catch {
    // Not every schema can be said as JSON schema; then nothing is known about it.
    return undefined
  }
}
