import { resolve } from 'node:path'
import type { Reception } from '../database/index.ts'
import type { Configuration } from '../option/configuration.ts'
import { type Opening, termsOf } from '../wiring/open.ts'
import { createAnswers } from './answers.ts'
import { createFace, type Starting } from './face.ts'
import type { Home } from './home.ts'
import { createHost, type Host } from './host.ts'
import type { Answer } from './peer.ts'
import { createReach, type Reach } from './reach.ts'

/** Whether processes share one database by going through its owner: the embedded one on disk. */
export const isShared = ({ databaseUrl, directory }: Configuration): boolean =>
  databaseUrl === undefined && directory !== 'memory'

export interface SharedParts {
  readonly home: Home
  readonly opening: Opening
  readonly starting: Starting
  onError(error: Error): void
}

/** An envoyer's place among the processes that share its database: the owner, or a client of it. */
export interface Sharing extends Pick<Host, 'rest'> {
  readonly reception: Reception
  /** The envoyer that works in either place. */
  share<Envoyer extends object>(envoyer: Envoyer, parts: SharedParts): Envoyer
  /** Leaves it, with all that is under way finished or left to the next owner. */
  leave(): Promise<void>
}

export function createSharing(configuration: Configuration): Sharing {
  let answer: Answer | undefined
  let reach: Reach | undefined
  // Nobody joins before the database is opened, which is what the envoyer does when it is made.
  const host = createHost((name, args, call) => answer!(name, args, call))
  return {
    reception: host,
    rest: host.rest,
    share(envoyer, { home, opening, starting, onError }) {
      answer = createAnswers(home)
      reach = createReach({
        directory: resolve(configuration.directory ?? '.envoyer'),
        terms: termsOf(configuration),
        isOpen: opening.isOpen,
        open: opening.open,
        answer,
      })
      return createFace(envoyer, { configuration, home, reach, starting, onError })
    },
    async leave() {
      reach?.close()
      await host.leave()
    },
  }
}
