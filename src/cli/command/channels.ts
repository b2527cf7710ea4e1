import type { Command } from 'commander'
import type { ChannelSetting } from '../../setting/settings.ts'
import { table } from '../output/table.ts'
import { terminalWidth } from '../output/terminal.ts'
import { channelState } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'

export function addChannels(program: Command): void {
  const group = program
    .command('channels')
    .description('Show channels, and switch or pause them while everything runs.')
  const list = group
    .command('list')
    .description('List the channels, and whether they are on or paused.')
    .action(onEnvoyer(listChannels))
  withExamples(list, ['all of them', 'envoyer channels list'])
  const changes = [
    ['on', 'Switch a channel on: `send` makes deliveries for it again.', { on: true }],
    [
      'off',
      'Switch a channel off: `send` makes no deliveries for it, and nothing goes out.',
      { on: false },
    ],
    ['pause', 'Pause a channel: what is sent waits until it is resumed.', { paused: true }],
    ['resume', 'Resume a paused channel: what waits goes out.', { paused: false }],
  ] as const
  for (const [name, description, change] of changes) {
    const command = group
      .command(name)
      .description(description)
      .argument('<channel>', 'name of the channel')
      .action(
        onEnvoyer((session, _options, channel: string) => changeChannel(session, channel, change)),
      )
    withExamples(command, [`${name} the mails`, `envoyer channels ${name} email`])
  }
  const test = group
    .command('test')
    .description("Connect to a channel's backend as a message would, and send none.")
    .argument('<channel>', 'name of the channel')
    .action(onEnvoyer((session, _options, channel: string) => testChannel(session, channel)))
  withExamples(test, ['are host, user and password right?', 'envoyer channels test email'])
}

async function listChannels({ envoyer, out }: Session): Promise<void> {
  const channels: (ChannelSetting & { channel: string })[] = []
  for (const channel of envoyer.names.channels) {
    channels.push({ channel, ...(await envoyer.settings.get(channel)) })
  }
  out.result(channels, () =>
    table(
      ['channel', 'state'],
      channels.map((each) => [each.channel, channelState(each)]),
      terminalWidth(),
    ),
  )
}

async function changeChannel(
  { envoyer, out }: Session,
  channel: string,
  change: Partial<ChannelSetting>,
): Promise<void> {
  const setting = await envoyer.settings.set(channel, change)
  out.result({ channel, ...setting }, () => [`${channel} is ${channelState(setting)}.`])
}

async function testChannel({ envoyer, out }: Session, channel: string): Promise<void> {
  const { supported } = await envoyer.verify(channel)
  out.result({ channel, supported }, () => [
    supported
      ? `${channel}: the backend answers as it should.`
      : `${channel}: its backend has no way to check a connection. Nothing was tried.`,
  ])
}
