import type { Observation } from '../channel/backend.ts'
import { DeliveryError } from '../errors.ts'
import { named } from '../names.ts'
import type { Configuration } from '../option/configuration.ts'
import { mergeChannelOptions } from '../option/send-options.ts'
import { inTime } from '../time-limit.ts'
import type { Check } from './finding.ts'

/** What is looked at of each channel: its backend's connection, and what the backend itself names. */
export function channelChecks(configuration: Configuration): Check[] {
  return Object.keys(configuration.channels).flatMap((name) => [
    {
      name: `backend:${name}`,
      look: () => seeBackend(configuration, name),
      remedy:
        'Check the options of the backend (host, port, credentials), and that this machine may reach it.',
    },
    ...backendChecks(configuration, name),
  ])
}

async function seeBackend({ channels }: Configuration, name: string): Promise<Observation> {
  const { backend } = channels[name]!
  if (!backend.verify) {
    return { level: 'skipped', message: `${backend.name} has no way to check its connection.` }
  }
  await backend.verify()
  return { level: 'ok', message: `${backend.name} answers as it should.` }
}

function backendChecks({ channels, events }: Configuration, name: string): Check[] {
  const options = Object.values(events)
    .filter((event) => event.channels?.includes(name) ?? true)
    .map((event) => mergeChannelOptions(channels, event.channelOptions, undefined)[name] ?? {})
  try {
    const checks = channels[name]!.backend.checks?.(options) ?? []
    return checks.map((check) => ({
      name: check.name,
      async look() {
        const seen = await check.look()
        return { ...seen, message: `${name}: ${seen.message}` }
      },
    }))
  } catch (thrown) {
    // A backend of the application's own that is wrong must not hide all the others.
    return [{ name: `backend:${name}`, look: () => Promise.reject(thrown) }]
  }
}

/** `envoyer.verify`. */
export function createVerify({ channels }: Configuration) {
  return async (name: string): Promise<{ supported: boolean }> => {
    const { backend, timeoutMs } = named('channel', channels, name)
    if (!backend.verify) return { supported: false }
    const text = `${backend.name} did not answer within ${timeoutMs} ms.`
    await inTime(timeoutMs, backend.verify(), () => new DeliveryError(text, { code: 'timeout' }))
    return { supported: true }
  }
}
