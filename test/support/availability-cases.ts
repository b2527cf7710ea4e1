import type { WindowSet } from '../../src/availability/index.ts'

/** What a user may count on, by name. The table of docs/explanation/windows.md is made of these. */
export interface NamedCase {
  readonly name: string
  readonly zone: string
  readonly sets: readonly WindowSet[]
  readonly now: string
  /** The opening; `null` where there is none. */
  readonly at: string | null
  readonly reason: 'open' | 'window' | 'windows-never-meet' | 'no-opening'
  /** Where that opening ends; `null` where it does not within two years. */
  readonly until: string | null
  readonly why: string
}

const office: WindowSet = [{ days: 'mon-fri', from: '09:00', to: '18:00' }]
const night: WindowSet = [{ from: '22:00', to: '06:00' }]
const christmas = { from: '2026-12-25', to: '2026-12-26' }

export const namedCases: readonly NamedCase[] = [
  {
    name: 'a weekend over which the clock is put forward',
    ...{ zone: 'Europe/Berlin', sets: [office], now: '2026-03-28T20:00:00Z', reason: 'window' },
    ...{ at: '2026-03-30T07:00:00Z', until: '2026-03-30T16:00:00Z' },
    why: 'Monday 09:00 is 07:00 UTC in summer time; the Friday before it was 08:00 UTC',
  },
  {
    name: 'a window that begins in the spring gap',
    ...{ zone: 'Europe/Berlin', sets: [[{ from: '02:30', to: '05:00' }]], reason: 'window' },
    ...{ now: '2026-03-29T00:15:00Z', at: '2026-03-29T01:00:00Z', until: '2026-03-29T03:00:00Z' },
    why: '02:30 is never read; the first reading inside is 03:00, at the instant of the change',
  },
  {
    name: 'a window that lies in the spring gap',
    ...{ zone: 'Europe/Berlin', sets: [[{ from: '02:10', to: '02:50' }]], reason: 'window' },
    ...{ now: '2026-03-29T00:15:00Z', at: '2026-03-30T00:10:00Z', until: '2026-03-30T00:50:00Z' },
    why: 'no instant of that day reads inside, so it opens the day after',
  },
  {
    name: 'a window that ends in the autumn overlap, first time',
    ...{ zone: 'America/New_York', sets: [[{ from: '00:30', to: '01:30' }]], reason: 'window' },
    ...{ now: '2026-11-01T04:00:00Z', at: '2026-11-01T04:30:00Z', until: '2026-11-01T05:30:00Z' },
    why: 'at 01:30 summer time the window ends',
  },
  {
    name: 'a window that ends in the autumn overlap, second time',
    ...{ zone: 'America/New_York', sets: [[{ from: '00:30', to: '01:30' }]], reason: 'window' },
    ...{ now: '2026-11-01T05:30:00Z', at: '2026-11-01T06:00:00Z', until: '2026-11-01T06:30:00Z' },
    why: 'the clock is put back from 02:00 to 01:00 and reads inside once more',
  },
  {
    name: 'over midnight, on the night of its day',
    ...{ zone: 'Europe/Berlin', sets: [[{ days: 'fri', from: '22:00', to: '06:00' }]] },
    ...{ now: '2026-06-06T03:00:00Z', at: '2026-06-06T03:00:00Z', until: '2026-06-06T04:00:00Z' },
    reason: 'open',
    why: 'Saturday 05:00 belongs to the window of Friday',
  },
  {
    name: 'over midnight, on the morning before its day',
    ...{ zone: 'Europe/Berlin', sets: [[{ days: 'fri', from: '22:00', to: '06:00' }]] },
    ...{ now: '2026-06-05T03:00:00Z', at: '2026-06-05T20:00:00Z', until: '2026-06-06T04:00:00Z' },
    reason: 'window',
    why: 'Friday 05:00 would belong to a window of Thursday, which there is not',
  },
  {
    name: 'over midnight, from Sunday to Monday',
    ...{ zone: 'Asia/Tokyo', sets: [[{ days: 'sun', from: '20:00', to: '02:00' }]] },
    ...{ now: '2026-06-07T16:30:00Z', at: '2026-06-07T16:30:00Z', until: '2026-06-07T17:00:00Z' },
    reason: 'open',
    why: 'Monday 01:30 belongs to the window of Sunday',
  },
  {
    name: 'over midnight, through the night of a change',
    ...{ zone: 'Europe/Berlin', sets: [night], reason: 'window' },
    ...{ now: '2026-10-24T12:00:00Z', at: '2026-10-24T20:00:00Z', until: '2026-10-25T05:00:00Z' },
    why: 'from 22:00 to 06:00 it is nine hours, since the clock is put back in between',
  },
  {
    name: 'the last instant and the first after it',
    ...{ zone: 'Europe/Berlin', sets: [office], now: '2026-06-05T15:59:59.999Z', reason: 'open' },
    ...{ at: '2026-06-05T15:59:59.999Z', until: '2026-06-05T16:00:00Z' },
    why: '17:59:59 is inside; 18:00:00 is not, for `to` is not inside',
  },
  {
    name: 'channel and event',
    ...{ zone: 'Europe/Berlin', sets: [[{ from: '08:00', to: '21:00' }], office] },
    ...{ now: '2026-06-05T16:00:00Z', at: '2026-06-08T07:00:00Z', until: '2026-06-08T16:00:00Z' },
    reason: 'window',
    why: 'on Friday at 18:00 the channel is open and the event is not',
  },
  {
    name: 'windows that never meet',
    ...{ zone: 'Europe/Berlin', sets: [night, office], now: '2026-06-05T16:00:00Z' },
    ...{ at: '2026-06-05T16:00:00Z', until: null, reason: 'windows-never-meet' },
    why: 'no wall clock ever reads inside both; the message is not held back for ever',
  },
  {
    name: 'windows that only touch',
    ...{ zone: 'UTC', now: '2026-06-05T11:00:00Z', at: '2026-06-05T11:00:00Z', until: null },
    sets: [[{ from: '09:00', to: '12:00' }], [{ from: '12:00', to: '15:00' }]],
    reason: 'windows-never-meet',
    why: '12:00 is inside the second, and not inside the first',
  },
  {
    name: 'closed dates',
    ...{ zone: 'Europe/Berlin', sets: [{ windows: office, except: [christmas] }] },
    ...{ now: '2026-12-25T09:00:00Z', at: '2026-12-28T08:00:00Z', until: '2026-12-28T17:00:00Z' },
    reason: 'window',
    why: 'Friday and Saturday are closed, and Sunday has no window',
  },
  {
    name: 'a tail on a closed date',
    ...{ zone: 'Europe/Berlin', sets: [{ windows: night, except: ['2026-12-25'] }] },
    ...{ now: '2026-12-24T22:30:00Z', at: '2026-12-24T22:30:00Z', until: '2026-12-24T23:00:00Z' },
    reason: 'open',
    why: 'the window of the 24th ends at midnight, for the 25th is closed from 00:00 on',
  },
  {
    name: 'a night that begins on a closed date',
    ...{ zone: 'Europe/Berlin', sets: [{ windows: night, except: ['2026-12-25'] }] },
    ...{ now: '2026-12-25T12:00:00Z', at: '2026-12-25T23:00:00Z', until: '2026-12-26T05:00:00Z' },
    reason: 'window',
    why: '00:00 of the 26th reads inside the window of the 25th, and the 26th is not closed',
  },
  {
    name: 'closed dates without windows',
    ...{ zone: 'Europe/Berlin', sets: [{ windows: [], except: [christmas] }] },
    ...{ now: '2026-12-25T09:00:00Z', at: '2026-12-26T23:00:00Z', until: null, reason: 'window' },
    why: 'open at any time but on those dates',
  },
  {
    name: 'everything closed',
    zone: 'Europe/Berlin',
    sets: [{ windows: office, except: [{ from: '2026-01-01', to: '2099-12-31' }] }],
    ...{ now: '2026-06-05T16:00:00Z', at: null, until: null, reason: 'no-opening' },
    why: 'nothing opens within two years',
  },
  {
    name: 'no windows',
    ...{ zone: 'Europe/Berlin', sets: [[], []], now: '2026-06-05T01:00:00Z', reason: 'open' },
    ...{ at: '2026-06-05T01:00:00Z', until: null },
    why: 'an empty set is always open',
  },
  {
    name: 'half an hour put forward',
    ...{ zone: 'Australia/Lord_Howe', sets: [[{ from: '02:15', to: '03:00' }]], reason: 'window' },
    ...{ now: '2026-10-03T15:00:00Z', at: '2026-10-03T15:30:00Z', until: '2026-10-03T16:00:00Z' },
    why: 'the clock is put from 02:00 to 02:30, past the beginning',
  },
  {
    name: 'half an hour put back',
    ...{ zone: 'Australia/Lord_Howe', sets: [[{ from: '01:30', to: '01:45' }]], reason: 'window' },
    ...{ now: '2026-04-04T14:45:00Z', at: '2026-04-04T15:00:00Z', until: '2026-04-04T15:15:00Z' },
    why: 'the clock is put from 02:00 to 01:30, and 01:30 to 01:45 comes twice',
  },
  {
    name: 'a skipped day',
    ...{ zone: 'Pacific/Apia', sets: [[{ days: 'fri', from: '09:00', to: '18:00' }]] },
    ...{ now: '2011-12-30T09:59:59Z', at: '2012-01-05T19:00:00Z', until: '2012-01-06T04:00:00Z' },
    reason: 'window',
    why: 'after Thursday 2011-12-29 came Saturday 2011-12-31; it opens on the next Friday',
  },
  {
    name: 'two zones, the first',
    ...{ zone: 'Asia/Kathmandu', sets: [office], now: '2026-06-05T05:00:00Z', reason: 'open' },
    ...{ at: '2026-06-05T05:00:00Z', until: '2026-06-05T12:15:00Z' },
    why: 'it is Friday 10:45',
  },
  {
    name: 'two zones, the second',
    ...{ zone: 'America/Los_Angeles', sets: [office], now: '2026-06-05T05:00:00Z' },
    ...{ at: '2026-06-05T16:00:00Z', until: '2026-06-06T01:00:00Z', reason: 'window' },
    why: 'it is still Thursday, 22:00; Friday 09:00 is eleven hours away',
  },
]
