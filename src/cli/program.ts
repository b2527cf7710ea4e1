import { Command, type CommanderError } from 'commander'
import { packageVersion } from '../package-version.ts'
import { addChannels } from './command/channels.ts'
import { addCompletion } from './command/completion.ts'
import { addDeliveries } from './command/deliveries.ts'
import { addDoctor } from './command/doctor.ts'
import { addErase } from './command/erase.ts'
import { addInit } from './command/init.ts'
import { addMigrate } from './command/migrate.ts'
import { addMonitor } from './command/monitor.ts'
import { addMove } from './command/move.ts'
import { addPrune } from './command/prune.ts'
import { addSend } from './command/send.ts'
import { addStatus } from './command/status.ts'
import { addTemplates } from './command/templates.ts'
import { addWindows } from './command/windows.ts'
import { addWorker } from './command/worker.ts'
import { commandsOf, pathOf } from './tree.ts'

/** The command line cannot be read; the message says why, in the words for people. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage'
}

/** In the order in which help lists them. */
const add = [
  ...[addInit, addSend, addWorker, addMigrate, addMove, addDoctor],
  ...[addDeliveries, addTemplates, addChannels, addWindows],
  ...[addStatus, addMonitor, addPrune, addErase],
  ...[addCompletion],
]

/** The tree of commands, ready to parse a command line: it never ends the process. */
export function createProgram(): Command {
  const program = new Command('envoyer')
    .description('Operates the envoyer of a configuration file: sends, delivers, repairs, shows.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'show what a command takes, with examples')
    .helpCommand('help [command]', 'show what a command takes')
    .option('--config <path>', 'the configuration file (envoyer.config.ts, .mts, .js or .mjs here)')
    .option('--json', 'print one JSON document, and nothing else, on standard output')
    .option('--verbose', 'print the stack of an error')
    .configureHelp({ showGlobalOptions: true })
    // Errors are told by `run`, in the form of all errors.
    .configureOutput({ outputError: () => {} })
  for (const each of add) each(program)
  for (const command of commandsOf(program)) {
    command.exitOverride((error) => refuse(command, error))
  }
  return program
}

function refuse(command: Command, error: CommanderError): never {
  if (error.exitCode === 0) throw error
  // A group without a command of it: its help has been written.
  if (error.code === 'commander.help') throw new WrongUsage('')
  const said = error.message
    .replace(/^error: /, '')
    .replace(/\n\((Did you mean .*\?)\)/, '. $1')
    .replace(/([^.?])$/, '$1.')
  throw new WrongUsage(`usage: ${said} See \`${pathOf(command)} --help\`.`)
}
