import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Envoyer } from '../envoyer.ts'
import { EnvoyerError, toError } from '../errors.ts'
import type { ChannelMap, EventMap } from '../option/infer.ts'

/** An envoyer of which only its configuration knows the names. */
export type AnyEnvoyer = Envoyer<EventMap, ChannelMap>

/** Looked for in this order, in the working directory and no further up. */
export const configNames = ['ts', 'mts', 'js', 'mjs'].map((ending) => `envoyer.config.${ending}`)

/** From source, whatever reads our own TypeScript reads the configuration's too. */
const fromSource = import.meta.url.endsWith('.ts')

/**
 * The envoyer of the configuration file: what it exports, or one made of the options that it exports.
 * Throws `config-missing`, `config-unusable`, and what `createEnvoyer` throws.
 */
export async function loadEnvoyer(given: string | undefined): Promise<AnyEnvoyer> {
  const path = findConfig(given)
  const exported = await defaultExport(path)
  if (isEnvoyer(exported)) return exported
  if (exported === null || typeof exported !== 'object' || !('channels' in exported)) {
    throw new EnvoyerError(
      'config-unusable',
      `the default export of ${basename(path)} is ${kindOf(exported)}`,
    )
  }
  return (await createEnvoyerOf(path))(exported as never) as AnyEnvoyer
}

function findConfig(given: string | undefined): string {
  if (given !== undefined) {
    const path = resolve(given)
    if (existsSync(path) && statSync(path).isFile()) return path
    throw new EnvoyerError('config-missing', `there is no file ${given}`)
  }
  const found = configNames.map((name) => resolve(name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  const names = `${configNames.slice(0, -1).join(', ')} or ${configNames.at(-1)}`
  throw new EnvoyerError('config-missing', `looked for ${names} in ${process.cwd()}`)
}

async function defaultExport(path: string): Promise<unknown> {
  const module = await load(path).catch((thrown) => {
    const error = toError(thrown)
    // It names its own remedy.
    if (error.name === 'EnvoyerError') throw error
    throw new EnvoyerError('config-unusable', `${placeIn(error, path)}: ${error.message}`, {
      cause: error,
    })
  })
  if (!('default' in module)) {
    throw new EnvoyerError('config-unusable', `${basename(path)} has no default export`)
  }
  // A module may have to wait for what it needs.
  return module.default
}

async function load(path: string): Promise<Record<string, unknown>> {
  // Node.js reads JavaScript by itself, and Node.js 20 no TypeScript.
  if (fromSource || !/\.[cm]?tsx?$/.test(path)) return import(pathToFileURL(path).href)
  const { createJiti } = await import('jiti')
  const jiti = createJiti(path, { fsCache: compiledFolder(path), interopDefault: false })
  return jiti.import(path)
}

/**
 * Where what was compiled is kept for the next command: beside the packages, since whoever may write
 * there has us run what they like anyway. Not in the temporary folder, where jiti would: it is everybody's.
 */
function compiledFolder(path: string): string | false {
  const folder = dirname(path)
  if (folder === path) return false
  const packages = join(folder, 'node_modules')
  if (existsSync(join(packages, 'envoyer'))) return join(packages, '.cache/envoyer/config')
  return compiledFolder(folder)
}

/**
 * Of the package that the configuration uses: its errors are known by their class, and a command
 * installed for the whole machine is another copy.
 */
async function createEnvoyerOf(path: string) {
  let place = '../index.ts'
  if (!fromSource) {
    try {
      place = pathToFileURL(createRequire(path).resolve('envoyer')).href
    } catch {
      // It imports the package by another way.
      place = '../index.js'
    }
  }
  const { createEnvoyer }: typeof import('../index.ts') = await import(place)
  return createEnvoyer
}

function isEnvoyer(exported: unknown): exported is AnyEnvoyer {
  const { send, deliveries } = (exported ?? {}) as Partial<AnyEnvoyer>
  return typeof send === 'function' && typeof deliveries === 'object'
}

function kindOf(exported: unknown): string {
  if (exported === null || exported === undefined) return String(exported)
  if (typeof exported !== 'object') return `a ${typeof exported}`
  return 'an object without `channels`'
}

/** `envoyer.config.ts:3:7`, or only the name where the error does not say. */
function placeIn(error: Error, path: string): string {
  const text = `${error.message}\n${error.stack ?? ''}`
  const [place] = [path, pathToFileURL(path).href]
    .map((name) => text.indexOf(`${name}:`))
    .filter((index) => index >= 0)
    .sort((a, b) => a - b)
  const line = place === undefined ? undefined : /:(\d+(?::\d+)?)/.exec(text.slice(place))?.[0]
  return `${basename(path)}${line ?? ''}`
}
