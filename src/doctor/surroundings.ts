import type { Observation } from '../channel/backend.ts'
import { allOptional } from '../channel/part.ts'
import type { Database } from '../database/contract.ts'
import type { Configuration } from '../option/configuration.ts'
import { lookAtRedis } from '../queue/look-at-redis.ts'
import { readOverrides } from '../setting/overrides.ts'
import type { TemplateOverride, Templates } from '../template/contract.ts'
import { openTemplates } from '../wiring/templates.ts'
import { isTableMissing } from './finding.ts'

/** It was checked when the envoyer was made: here is what was understood. */
export async function seeConfiguration(configuration: Configuration): Promise<Observation> {
  const { events, channels, databaseUrl, simulate } = configuration
  const of = (count: number, name: string) => `${count} ${name}${count === 1 ? '' : 's'}`
  const kind = databaseUrl === undefined ? 'the embedded database' : 'PostgreSQL'
  const message = `${of(Object.keys(events).length, 'event')}, ${of(Object.keys(channels).length, 'channel')} (${Object.keys(channels).join(', ')}), on ${kind}.`
  if (simulate !== true) return { level: 'ok', message }
  return {
    level: 'warning',
    message: `${message} Simulator addresses do what they are named after (\`simulate\`).`,
    remedy: 'Leave `simulate` out in production.',
  }
}

export async function seeRedis({ redisUrl, schema }: Configuration): Promise<Observation> {
  if (redisUrl === undefined) {
    return { level: 'skipped', message: 'No Redis is configured, and none is needed.' }
  }
  const { version, maxmemoryPolicy } = await lookAtRedis(redisUrl, 4000)
  const { host } = new URL(redisUrl)
  const answers = `Redis ${version} answers at ${host} (keys begin with ${schema}:).`
  if (maxmemoryPolicy === 'noeviction') return { level: 'ok', message: answers }
  const policy = maxmemoryPolicy === '' ? 'is not told' : `is ${maxmemoryPolicy}`
  return {
    level: 'warning',
    message: `${answers} Its maxmemory-policy ${policy}: it may throw away keys of BullMQ when its memory is full. No message is lost by that; workers may hear of some late.`,
    remedy:
      'Set `maxmemory-policy noeviction`, as BullMQ demands, or give Envoyer a Redis of its own.',
  }
}

const shownAtMost = 5

/** As `templates.check()`; without tables the files alone. */
export async function seeTemplates(
  configuration: Configuration,
  database: Database | undefined,
): Promise<Observation> {
  const overrides = database ? await overridesOf(configuration, database) : []
  const templates = openTemplates(configuration)
  templates.override(overrides)
  const problems = await templates.check()
  const from = [
    ...(configuration.templates === undefined ? [] : [`files of ${configuration.templates}`]),
    database
      ? `${overrides.length} in the database`
      : 'those in the database could not be looked at',
  ]
  if (problems.length === 0) {
    const idle = withoutTemplates(configuration, templates)
    if (idle.length > 0) return neverUsed(idle)
    return { level: 'ok', message: `Nothing is wrong with the templates (${from.join(', ')}).` }
  }
  const bad = problems.some(({ code }) => code === 'missing-part' || code === 'syntax')
  const lines = problems
    .slice(0, shownAtMost)
    .map(({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`}: ${message}`)
  const more = problems.length - lines.length
  return {
    level: bad ? 'error' : 'warning',
    message: `${problems.length} found: ${lines.join(' ')}${more > 0 ? ` And ${more} more.` : ''}`,
    remedy: 'Mend them at these places; `envoyer templates check` (`templates.check()`) lists all.',
  }
}

/**
 * Channels that take part in events by themselves, since nobody names them, and do so in none:
 * one that has just been added, whose templates were forgotten, is passed by on every `send`.
 */
function withoutTemplates({ events, channels }: Configuration, templates: Templates): string[] {
  const definitions = Object.values(events)
  if (definitions.every((event) => event.channels !== undefined)) return []
  const fallbacks = [...definitions, ...Object.values(channels)].map(({ fallback }) => fallback)
  const named = new Set([...definitions.flatMap((event) => event.channels ?? []), ...fallbacks])
  return Object.entries(channels)
    .filter(([name, { definition }]) => !named.has(name) && !allOptional(definition.parts))
    .map(([name]) => name)
    .filter((name) => !Object.keys(events).some((event) => templates.exists(event, name)))
}

const neverUsed = (names: readonly string[]): Observation => ({
  level: 'warning',
  message: `No event has templates for ${names.join(', ')}: nothing is sent over it.`,
  remedy:
    'Write the templates of an event for it, `<event>/<channel>.<part>.liquid`, or take the channel out.',
})

async function overridesOf(
  { schema }: Configuration,
  database: Database,
): Promise<TemplateOverride[]> {
  try {
    return await readOverrides(database, `"${schema}"`)
  } catch (thrown) {
    // The tables are not there yet.
    if (isTableMissing(thrown)) return []
    throw thrown
  }
}
