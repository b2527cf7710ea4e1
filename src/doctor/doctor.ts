import type { Configuration } from '../option/configuration.ts'
import type { Looked, Opening } from '../wiring/open.ts'
import { channelChecks } from './channels.ts'
import { databaseChecks, seeDatabase, unreachedChecks } from './database.ts'
import { type Check, type Finding, runCheck, usualLimitMs, withinLimit } from './finding.ts'
import { createHide } from './hide.ts'
import { seeSecretKey } from './secret-key.ts'
import { seeConfiguration, seeRedis, seeTemplates } from './surroundings.ts'

/** The embedded database may not be there yet: then it is made, which is work and no waiting. */
const creationMs = 30_000

/** Looks at the whole set-up, at everything side by side. */
export function createDoctor(configuration: Configuration, opening: Pick<Opening, 'look'>) {
  const hide = createHide(configuration)
  const all = (checks: readonly Check[]) =>
    Promise.all(checks.map((check) => runCheck(check, hide)))
  return async (): Promise<Finding[]> => {
    const look = startLook(opening)
    const limitMs = configuration.databaseUrl === undefined ? creationMs : usualLimitMs
    const reached = withinLimit(() => look, limitMs)
    const ofDatabase = reached.then(
      (looked) => all(databaseChecks(configuration, looked.database)),
      () => all(unreachedChecks(configuration)),
    )
    const withOrWithout = reached.then(
      ({ database }) => database,
      () => undefined,
    )
    const findings = await Promise.all([
      all([
        { name: 'configuration', look: () => seeConfiguration(configuration) },
        {
          name: 'database',
          limitMs: limitMs + usualLimitMs,
          look: async () => seeDatabase(configuration, (await reached).database),
          remedy: 'Check ENVOYER_DATABASE_URL, and that the server runs and can be reached.',
        },
      ]),
      ofDatabase,
      withOrWithout.then((database) =>
        all([{ name: 'secret-key', look: () => seeSecretKey(configuration, database) }]),
      ),
      all([
        {
          name: 'redis',
          look: () => seeRedis(configuration),
          remedy: 'Check ENVOYER_REDIS_URL, and that the server runs and can be reached.',
        },
      ]),
      withOrWithout.then((database) =>
        all([{ name: 'templates', look: () => seeTemplates(configuration, database) }]),
      ),
      all(channelChecks(configuration)),
    ])
    await reached
      .then(
        (looked) => withinLimit(() => looked.release()),
        // A connection that comes late is closed when it comes; nobody waits for it.
        () => void look.then((looked) => looked.release()).catch(() => {}),
      )
      .catch(() => {})
    return findings.flat()
  }
}

function startLook(opening: Pick<Opening, 'look'>): Promise<Looked> {
  // What goes wrong in the background is what the checks are there to see.
  const look = opening.look(() => {})
  // It may fail when nobody waits for it any more.
  look.catch(() => {})
  return look
}
