import { EnvoyerError, toError } from '../errors.ts'
import { checkContext, contextJsonSchema, parseContext } from '../event/context.ts'
import type { EventDefinition } from '../event/define.ts'
import type { JsonObject } from '../event/json.ts'
import { NoSample, sampleOf } from '../event/sample.ts'
import { named } from '../names.ts'
import type { Configuration } from '../option/configuration.ts'
import { createId } from '../outbox/id.ts'
import { readRecipient } from '../recipient/recipient.ts'
import type { Templates } from '../template/contract.ts'
import type { OperateParts } from './operate-parts.ts'

/** A message as it would be rendered. */
export interface Preview {
  /** The language that it is in. */
  readonly locale: string
  /** By name, those made from other parts included (the text of an e-mail that has HTML only). */
  readonly parts: Record<string, string>
  /** What it was made with, as it would be given to `send`. */
  readonly context: JsonObject
  /** The context was made up from the schema of the event. */
  readonly sample: boolean
}

export interface PreviewOptions {
  /** Before the recipient's, as the option of `send`. */
  readonly locale?: string
  /** As it would be given to `send`. Default: one made up from the event's schema. */
  readonly context?: unknown
  /** As it would be given to `send`. Default: one made up, without a language of its own. */
  readonly recipient?: object
}

/** Somebody who does not exist: RFC 2606 and the numbers kept for fiction. */
const someone = {
  name: 'Jane Doe',
  email: 'jane.doe@example.com',
  phone: '+12125550142',
  url: 'https://example.com/notifications',
  topic: 'sample',
  userId: '1042',
}

/** Goes the way of a message as far as its text, and sends nothing. */
export function createPreview(
  { configuration, open, settings, templates: opened }: OperateParts,
  canonical: (locale: string) => string,
) {
  const { events, channels } = configuration
  return async (
    name: string,
    channel: string,
    { locale: asked, context: given, recipient }: PreviewOptions = {},
  ): Promise<Preview> => {
    const event = named('event', events, name)
    const { complete } = named('channel', channels, channel).definition
    const wanted = asked === undefined ? undefined : canonical(asked)
    const sample = given === undefined
    const checked = sample
      ? await sampleContext(name, event)
      : await checkContext(name, event, given)
    // As it comes back from where it is stored.
    const context = JSON.parse(JSON.stringify(checked)) as JsonObject
    const output = await parseContext(name, event, context)
    const { clock } = await open()
    await Promise.all([settings.refreshNow(), clock.refresh()])
    const templates = opened()
    await templates.refresh()
    const { stored, locale: own, zone: tz } = recipientOf(configuration, recipient)
    const locale = chosen(configuration, templates, name, channel, wanted ?? own)
    const message = templates.render(name, channel, locale, {
      ...{ context: output, recipient: stored, recipients: [stored] },
      envoyer: { event: name, channel, locale, tz, now: clock.now(), delivery: createId() },
    })
    const parts = complete?.(message) ?? message
    return { locale, parts: { ...parts }, context, sample }
  }
}

/** As `send` chooses it. Throws `template-missing` where the channel could say nothing. */
function chosen(
  { locale }: Configuration,
  templates: Templates,
  event: string,
  channel: string,
  asked: string | undefined,
): string {
  const found = templates.choose(event, channel, asked)
  if (found === undefined) {
    throw new EnvoyerError('template-missing', templates.missing(event, channel))
  }
  // A channel that needs no template says what it says in the language asked for.
  return templates.exists(event, channel) ? found : (asked ?? locale)
}

function recipientOf({ recipient: options, zone }: Configuration, given: object | undefined) {
  try {
    return readRecipient((given ?? someone) as Record<string, unknown>, options, zone)
  } catch (thrown) {
    const { message } = toError(thrown)
    if (given !== undefined)
      throw new EnvoyerError('recipients-invalid', message, { cause: thrown })
    const problem = `the functions in \`recipient\` take no made-up one (${message}); give \`recipient\``
    throw new EnvoyerError('sample-impossible', problem, { cause: thrown })
  }
}

async function sampleContext(name: string, event: EventDefinition): Promise<JsonObject> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new EnvoyerError('sample-impossible', `event "${name}": ${why}`, { cause })
  }
  const schema = contextJsonSchema(event, 'input')
  if (schema === undefined) {
    return refuse(
      'its schema does not say what it takes (a JSON Schema, as those of zod and arktype)',
    )
  }
  try {
    return await checkContext(name, event, sampleOf(schema))
  } catch (thrown) {
    if (thrown instanceof NoSample) return refuse(thrown.message, thrown)
    if (!(thrown instanceof EnvoyerError)) throw thrown
    return refuse(`the schema refuses a made-up one: ${thrown.problems.join('; ')}`, thrown)
  }
}
