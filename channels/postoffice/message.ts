import { DeliveryError, toError } from '../../src/errors.ts'
import { canonicalJson, findNotJson } from '../../src/event/json.ts'
import { type Attributes, readAttributes } from './attributes.ts'
import type { Post } from './channel.ts'

/** One message as the server takes it. */
export interface Message {
  readonly topic: string
  /** A JSON object, as text: numbers that JavaScript cannot hold stay what the template wrote. */
  readonly payload: string
  readonly attributes: Attributes
}

/** @throws DeliveryError `payload-invalid`, `attributes-invalid`; temporary, for templates can be mended. */
export function readMessage(post: Post, idAttribute: string | undefined): Message {
  return {
    topic: post.address,
    payload: readPayload(post),
    attributes: {
      ...(post.options?.attributes as Attributes | undefined),
      ...readRendered(post),
      ...(idAttribute !== undefined && { [idAttribute]: post.id }),
    },
  }
}

/** Equal for messages that can go in one bulk request. */
export function groupOf({ topic, attributes }: Message): string {
  return canonicalJson([topic, attributes])
}

/** The body of `POST /api/messages/`. */
export function singleBody({ topic, payload, attributes }: Message): string {
  return bodyOf(topic, payload, attributes)
}

/** The body of `POST /api/bulk_messages/`; all are of one group. */
export function bulkBody(messages: readonly Message[]): string {
  const { topic, attributes } = messages[0]!
  return bodyOf(topic, `[${messages.map(({ payload }) => payload).join()}]`, attributes)
}

function bodyOf(topic: string, payload: string, attributes: Attributes): string {
  return `{"topic":${JSON.stringify(topic)},"payload":${payload},"attributes":${JSON.stringify(attributes)}}`
}

function readPayload({ message, input, channel }: Post): string {
  const rendered = message.payload !== undefined
  const value = rendered ? parseJson('payload', message.payload) : input
  const what = rendered ? 'The rendered payload' : 'The context'
  if (!isObject(value)) {
    // The server would take it, and fail at every delivery.
    const text = `${what} must be a JSON object, not ${kindOf(value)}.`
    throw invalid('payload', text)
  }
  if (Object.hasOwn(value, 'attributes')) {
    const remedy = rendered
      ? 'rename it in the template'
      : `write a template ${channel}.payload.liquid that names it otherwise`
    const text = `${what} has the key \`attributes\`, which Postoffice overwrites when it delivers: ${remedy}.`
    throw invalid('payload', text)
  }
  return rendered ? message.payload.trim() : JSON.stringify(value)
}

/** Blank means none: a template may have nothing to say of some messages. */
function readRendered({ message }: Post): Attributes {
  if (message.attributes === undefined || message.attributes.trim() === '') return {}
  const value = parseJson('attributes', message.attributes)
  try {
    return readAttributes(value)
  } catch (thrown) {
    throw invalid('attributes', `The rendered attributes: ${toError(thrown).message}.`, thrown)
  }
}

function parseJson(part: 'payload' | 'attributes', text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    throw invalid(part, `The rendered ${part} is not JSON: ${toError(thrown).message}`, thrown)
  }
  // NUL, half of a surrogate pair, 1e999: what the server's own database cannot hold.
  const wrong = findNotJson(value)
  if (wrong !== undefined) throw invalid(part, `The rendered ${part}: ${wrong}.`)
  return value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

function invalid(part: 'payload' | 'attributes', text: string, cause?: unknown): DeliveryError {
  return new DeliveryError(text, { code: `${part}-invalid`, cause })
}
