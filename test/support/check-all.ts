import { describe, test } from 'node:test'
import { type BackendSite, backendChecks } from '../../src/testing/index.ts'

/** The backend's checks as tests of node's runner. */
export function checkBackend<Address, Message, Options, Provider>(
  what: string,
  site: BackendSite<Address, Message, Options, Provider>,
): void {
  describe(what, () => {
    for (const { name, run } of backendChecks(site)) test(name, run)
  })
}
