import { contextJsonSchema } from '../event/context.ts'
import type { Configuration } from '../option/configuration.ts'
import type { Templates } from '../template/contract.ts'
import { createTemplates } from '../template/index.ts'

/** The templates of a configuration; its folder is read now. */
export function openTemplates(configuration: Configuration): Templates {
  const { events, channels, templates, locale, fallbackLocales, filters, templateLimits } =
    configuration
  const ofEvents = <T>(pick: (event: (typeof events)[string]) => T) =>
    Object.fromEntries(Object.entries(events).map(([name, event]) => [name, pick(event)]))
  const listed = Object.entries(ofEvents((event) => event.channels))
  return createTemplates({
    directory: templates,
    locale,
    fallbacks: fallbackLocales ?? [],
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, channel]) => [name, channel.definition.parts]),
    ),
    schemas: ofEvents((event) => contextJsonSchema(event, 'output')),
    listed: Object.fromEntries(listed.flatMap(([name, names]) => (names ? [[name, names]] : []))),
    ...(filters ? { filters } : {}),
    ...(templateLimits ? { limits: templateLimits } : {}),
  })
}
