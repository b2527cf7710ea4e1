/**
 * Lets Node.js run the project's TypeScript as it is:
 * `node --import ./build/typescript/register.js file.ts`. Loaders in general use take a second of a
 * core in each process, and the tests start hundreds.
 */
import * as module from 'node:module'
import * as hooks from './hooks.js'

process.setSourceMapsEnabled(true)
if (module.registerHooks) module.registerHooks(hooks)
else module.register('./hooks.js', import.meta.url)
