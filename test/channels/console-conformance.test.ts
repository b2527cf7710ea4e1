import { consoleAddress } from '../../channels/console/address.ts'
import { type ConsoleMessage, stdout } from '../../channels/console/index.ts'
import type { BackendSite } from '../../src/testing/index.ts'
import { checkBackend } from '../support/check-all.ts'

/** What would be a terminal, or a pipe to another program. */
interface Paper {
  readonly blocks: string[]
  state: 'up' | 'full' | 'stalled'
}

const site: BackendSite<string, ConsoleMessage, unknown, Paper> = {
  start: () => ({ blocks: [], state: 'up' }),
  stop: () => {},
  backend: (paper) =>
    stdout({
      async write(block) {
        if (paper.state === 'stalled') await new Promise(() => {})
        if (paper.state === 'full') throw Object.assign(new Error('disk full'), { code: 'ENOSPC' })
        paper.blocks.push(block)
      },
    }),
  address: (n) => `user-${n}`,
  key: consoleAddress.key,
  message: (text) => ({ text }),
  received: ({ blocks }) =>
    blocks.flatMap((block) => {
      const [, to = '', id = ''] = /→ (.*) \(\w+ (?:try \d+ )?(\S+)\)\n/.exec(block) ?? []
      return to.split(', ').map((each) => ({ to: each, text: block, id }))
    }),
  secrets: () => [],
  ...{ takesIds: true, verifies: false, sendsMany: false, groups: true },
  // It prints whatever it is given, for nobody refuses anything.
  ...{ refuse: null, pause: null, down: null, unauthorized: null },
  fail(paper) {
    paper.state = 'full'
  },
  hang(paper) {
    paper.state = 'stalled'
  },
  mend(paper) {
    paper.state = 'up'
  },
}

checkBackend('stdout', site)
