import type { Envoyer } from '../../src/envoyer.ts'
import { checkConfiguration, type EnvoyerOptions } from '../../src/option/configuration.ts'
import type { ChannelMap, EventsOn } from '../../src/option/infer.ts'
import { assemble } from '../../src/wiring/assemble.ts'

/** An envoyer on any engine whose clock is moved by the test: workers run as they do in earnest. */
export function createClockedEnvoyer<
  const Channels extends ChannelMap,
  const Events extends EventsOn<Channels>,
  // biome-ignore lint/suspicious/noExplicitAny: as in createEnvoyer
  User = any,
>(options: EnvoyerOptions<Events, Channels, User, never>, startAt: string) {
  let offsetMs = Date.parse(startAt) - Date.now()
  const { envoyer } = assemble(checkConfiguration(options as never), () => offsetMs)
  return {
    envoyer: envoyer as unknown as Envoyer<Events, Channels, User>,
    now: () => new Date(Date.now() + offsetMs),
    /** Sets the clock, to an instant a moment before it too. */
    set(instant: string) {
      offsetMs = Date.parse(instant) - Date.now()
    },
  }
}
